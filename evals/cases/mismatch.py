"""Mismatches: where a value differs from what was expected, and how it is shown."""

import json
from typing import NamedTuple

from state.schema import pointer

SHOWN = 120
"""Characters of a value in an explanation."""


class Nothing:
    """Stands in a mismatch where there is no value."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


class Mismatch(NamedTuple):
    """Where a value differs from what was expected: the first place that was found.

    It costs little to make: its text is written when someone reads it.
    """

    path: tuple[str | int, ...]
    wanted: object
    """The plain value, the matcher, or NOTHING."""
    got: object
    note: str = ""

    def below(self, key: str | int) -> "Mismatch":
        """The same, seen from the object or list that holds the value."""
        return self._replace(path=(key, *self.path))

    @property
    def pointer(self) -> str:
        """JSON Pointer (RFC 6901) to the place; empty for the whole value."""
        return pointer(self.path)

    def __str__(self) -> str:
        at = f"{self.pointer}: " if self.path else ""
        note = f" ({self.note})" if self.note else ""
        return f"{at}expected {shown(self.wanted)}, got {shown(self.got)}{note}"


def shown(value: object) -> str:
    """A value as JSON, or whatever else as it describes itself, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr) if _is_json(value) else repr(value)
    except (RecursionError, ValueError):  # nested a thousand times, or an integer of thousands of digits
        text = "a value that is too large to be shown"
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | dict)
