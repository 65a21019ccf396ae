"""What thinks: chat models by name, embeddings, the gate classifier."""
