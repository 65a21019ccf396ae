"""An index in PostgreSQL: full text finds, BM25Okapi scores, pgvector compares."""
