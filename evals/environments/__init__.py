"""Environments of suites."""
