"""What may be asked of the outside: capabilities, the document index, the registry."""
