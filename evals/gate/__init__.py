"""Training and measuring the gate's classifiers."""
