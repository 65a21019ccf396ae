"""Embeddings by name: MiniLM in the repository, any other model through LangChain."""
