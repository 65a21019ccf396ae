"""Fits and measures the faithfulness classifier on claims with human labels."""
