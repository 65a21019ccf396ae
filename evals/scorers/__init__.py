"""Scorers: pure functions from a case and a trajectory to a score."""
