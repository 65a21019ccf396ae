"""Measuring retrieval on a collection: documents, queries, and what is relevant to them."""
