"""How much a JSON value holds, counted without more work than a bound."""

from state.schema import Json

UNIT = 10
"""Elements that count as one evaluation."""
CHARS = 10
"""Characters that count as one element."""


def shallow(value: Json) -> int:
    """What going through a value once costs, in evaluations, without what its elements hold."""
    if isinstance(value, str):
        return len(value) // (UNIT * CHARS)
    return len(value) // UNIT if isinstance(value, list | dict) else 0


def weight(value: Json, most: int) -> int:
    """Elements and texts in a value, wherever they stand; counting ends above `most`."""
    total, todo = 0, [value]
    while todo and total <= most:
        part = todo.pop()
        if isinstance(part, str):
            total += 1 + len(part) // CHARS
            continue
        total += 1
        if isinstance(part, dict):
            total += sum(map(len, part)) // CHARS
            todo += part.values()
        elif isinstance(part, list):
            todo += part
    return total
