"""Retrieval beside what else there is, on public collections."""
