"""Tunes and measures how passages are ranked: `python -m evals.ranking`."""
