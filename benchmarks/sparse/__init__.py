"""BM25 by rank_bm25, by our index, by bm25s and by tantivy: time, memory, and whether scores agree."""
