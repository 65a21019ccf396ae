"""Traces of other systems, and traces as training data."""
