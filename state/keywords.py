"""Draft 2020-12 with keywords replaced whose time jsonschema does not bound, and patterns read as ECMA 262.

Patterns run in `regex`, since `re` cannot be stopped, and a schema may come from a caller or a server. `$`
is the end of the text as in ECMA 262; in Python it also stands before a last line feed. Not replaced, and so
not bounded, is `unevaluatedProperties` beside `patternProperties`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from state.canonical import sameness

if TYPE_CHECKING:
    from regex import Match, Pattern  # type: ignore[import-untyped]  # it has no stubs

Json: TypeAlias = Any
Errors: TypeAlias = Iterator[ValidationError]

MATCH_SECONDS = 0.2
"""Longest time of one match; one that takes longer twice ends the validation."""
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


class PatternTimeoutError(Exception):
    """A pattern took longer than MATCH_SECONDS, twice."""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text.

    Raises:
        PatternTimeoutError: the pattern takes too long.
    """
    try:
        return _searched(pattern, text) is not None
    except TimeoutError as error:
        raise PatternTimeoutError(f"the pattern {pattern!r:.80} takes too long to match") from error


def first_match(pattern: str, text: str) -> str | None:
    """The first group of the first match, or the whole match where there is no group; None without a match.

    Raises:
        ValueError: the pattern is none, or takes too long.
    """
    import regex

    try:
        found = _searched(pattern, text)
    except regex.error as error:
        raise ValueError(f"{pattern!r:.80} is no pattern: {error}") from error
    except TimeoutError as error:
        raise ValueError(f"the pattern {pattern!r:.80} takes too long to match") from error
    if found is None:
        return None
    matched: str | None = found[1] if found.re.groups else found[0]
    return matched


def _searched(pattern: str, text: str) -> "Match[str] | None":
    try:
        return _compiled(pattern).search(text, timeout=MATCH_SECONDS)
    except TimeoutError:  # a machine that stood still for a moment says nothing of the pattern
        return _compiled(pattern).search(text, timeout=MATCH_SECONDS)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> "Pattern[str]":
    import regex  # here, since it takes 70 ms and few schemas have patterns

    return regex.compile(TOKEN.sub(lambda token: r"\Z" if token[0] == "$" else token[0], pattern))


def _pattern(validator: Json, pattern: str, instance: Json, _schema: Json) -> Errors:
    if validator.is_type(instance, "string") and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Json, patterns: dict[str, Json], instance: Json, _schema: Json) -> Errors:
    for pattern, schema in patterns.items() if validator.is_type(instance, "object") else ():
        for key, value in instance.items():
            if matches(pattern, key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _additional_properties(validator: Json, extra: Json, instance: Json, schema: Json) -> Errors:
    patterns = schema.get("patternProperties", {})
    if validator.is_type(instance, "object") and patterns:
        instance = {k: v for k, v in instance.items() if not any(matches(p, k) for p in patterns)}
    known = {"properties": schema.get("properties", {})}
    yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, extra, instance, known)


def _unique_items(validator: Json, unique: bool, instance: Json, _schema: Json) -> Errors:
    """In linear time; jsonschema compares objects pair by pair."""
    if not (unique and validator.is_type(instance, "array")):
        return
    if len({sameness(item) for item in instance}) < len(instance):
        yield ValidationError("has items that are equal")


def pattern_problem(pattern: str) -> str | None:
    """Why a text is no pattern, or None if it is one."""
    import regex

    try:
        _compiled(pattern)
    except regex.error as error:
        return str(error)
    return None


def _is_pattern(value: object) -> bool:
    if isinstance(value, str) and (problem := pattern_problem(value)):
        raise ValueError(problem)
    return True


FORMATS = FormatChecker(formats=())
FORMATS.checkers = Draft202012Validator.FORMAT_CHECKER.checkers | {"regex": (_is_pattern, ValueError)}

VALIDATOR = extend(  # type: ignore[no-untyped-call]  # its stubs lack it
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
    format_checker=FORMATS,
)
