"""One decision per file, and the prompts they use."""
