"""Judges: models that score by a rubric, and how far they may be trusted."""
