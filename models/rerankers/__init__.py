"""Rerankers by name: a local cross-encoder, a server, or your own; each reads a query beside each text."""
