"""Training the gate's classifiers and measuring them."""
