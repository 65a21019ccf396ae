"""What a way of cutting documents does to retrieval."""
