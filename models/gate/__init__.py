"""The gate's classifiers, and the verdict that comes of one."""
