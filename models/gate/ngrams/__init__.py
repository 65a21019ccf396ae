"""Hashed n-grams of windows, and the linear model over them."""
