"""Suites: running cases, results, comparisons and reports."""
