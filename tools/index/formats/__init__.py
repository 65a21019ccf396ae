"""One module for each kind of file: how its text and its structure are read."""
