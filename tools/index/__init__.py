"""The index of documents: reading and cutting them, keeping them, finding passages in them."""
