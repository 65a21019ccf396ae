"""Statistics of repeated, clustered, paired trials."""
