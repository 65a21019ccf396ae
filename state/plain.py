"""JSON-plain values: what a checkpoint, a database and a provider can all hold."""

import math
from collections.abc import Iterable

MAX_DEPTH = 100
"""Deeper values are refused, since validators, encoders and checkpoints recurse."""
INTEGERS = range(-(2**63), 2**64)
"""A checkpoint has 64 bits for an integer."""


def not_plain(value: object) -> str | None:
    """Why a value is not plain JSON, or None if it is one."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if problem := next(filter(None, map(_problem, level)), None):
            return problem
        level = [part for container in level for part in _parts(container)]
        if not level:
            return None
    return f"is nested more than {MAX_DEPTH} levels deep"


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else ()


def _problem(value: object) -> str | None:
    if isinstance(value, str):
        return (
            None
            if value.isascii() or _encodes(value)
            else "holds a lone surrogate, which is not Unicode text"
        )
    if isinstance(value, dict):
        return None if all(isinstance(key, str) for key in value) else "has a key that is not a string"
    if value is None or isinstance(value, bool | list):
        return None
    if isinstance(value, int):
        return None if value in INTEGERS else "holds an integer of more than 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "holds NaN or an infinity, which JSON does not have"
    return f"holds a {type(value).__name__}, which is not JSON"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
