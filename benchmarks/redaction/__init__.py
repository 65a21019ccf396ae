"""Redaction measured: planted secrets and personal data, and what only looks like them."""
