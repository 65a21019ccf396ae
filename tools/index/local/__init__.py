"""An index on this machine: SQLite, mapped files, and Chroma for the vectors of large ones."""
