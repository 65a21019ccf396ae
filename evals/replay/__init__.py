"""Replay: a recorded run as the outside world of a graph."""
