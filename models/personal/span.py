"""What a detector gives."""

from typing import TypeAlias

Span: TypeAlias = tuple[str, int, int]
"""Kind, start, end."""
