"""The gate measured and trained: texts, splits, candidates, transformations and the one table."""
