"""Comparators: what an expected value may be besides itself.

A comparator is an object whose only key begins with `$`, such as `{"$regex": "^B-"}`; it may stand anywhere
inside an expected value. Everything else is compared as JSON: 1 is 1.0, true is not 1, and the keys of an
object have no order. An expected object that has such a key itself is written `{"$exact": {"$ref": …}}`.
"""

import math
from collections.abc import Callable, Iterator
from decimal import Decimal

from evals.cases import matchers
from evals.cases.matchers import Ignore
from evals.cases.values import Fields, Items, Matcher, Plain
from state.errors import UsageError
from state.keywords import pattern_problem
from state.plain import not_plain
from state.schema import Json, JsonSchema, Violation, check_schema, pointer

Path = tuple[str | int, ...]
Complain = Callable[[Path, str], None]

MAX_PAIRED = 100
"""Items of a `$set` that holds comparators, since they are tried each with each."""
EXPECTED = {"$ref": "#/$defs/expected"}
TOLERANCE = {"type": "number", "minimum": 0}

DEFINITIONS: JsonSchema = {
    "expected": {
        "description": "A value, compared as JSON, or a comparator; comparators may stand inside values too.",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": EXPECTED},
            {"type": "object", "propertyNames": {"pattern": "^(?!\\$)"}, "additionalProperties": EXPECTED},
            {"$ref": "#/$defs/comparator"},
        ],
    },
    "comparator": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {
            "$exact": {"description": "This value as it stands, comparators in it not being read."},
            "$one_of": {
                "description": "Any of these values or comparators.",
                "type": "array",
                "items": EXPECTED,
                "minItems": 1,
            },
            "$regex": {
                "description": "A text in which this pattern is found; ^ and $ bind it to the ends.",
                "type": "string",
                "format": "regex",
            },
            "$number": {
                "description": "A number not further from `value` than the larger of `tolerance` and "
                "`relative` times `value`.",
                "type": "object",
                "required": ["value"],
                "additionalProperties": False,
                "properties": {"value": {"type": "number"}, "tolerance": TOLERANCE, "relative": TOLERANCE},
            },
            "$set": {
                "description": "A list of these items in any order, each as often as it stands here.",
                "type": "array",
                "items": EXPECTED,
            },
            "$text": {"description": "This text, letter case and white space aside.", "type": "string"},
            "$schema": {"description": "A value that satisfies this JSON Schema.", "type": "object"},
            "$optional": {"description": "This value or comparator, or left out.", **EXPECTED},
            "$ignore": {"description": "Anything, also left out.", "const": True},
        },
    },
}
"""JSON Schema of expected values: `$defs` of a schema that refers to `#/$defs/expected`."""


def matcher(expected: Json) -> Matcher:
    """The matcher of an expected value.

    Raises:
        UsageError: `check` complains of it.
    """

    def refuse(path: Path, message: str) -> None:
        raise UsageError(f"An expected value cannot be compared at {pointer(path)!r}:", message)

    return _read(expected, (), refuse)


def arguments(expected: dict[str, Json], *, more: bool = False) -> Fields:
    """The matcher of a call's arguments, of which `$optional` and `$ignore` may be left out.

    Raises:
        UsageError: `check` complains of one of them.
    """
    return Fields({name: matcher(value) for name, value in expected.items()}, more)


def check(expected: Json) -> list[Violation]:
    """Every mistake in an expected value; none if it can be compared."""
    if problem := not_plain(expected):
        return [Violation(path="", message=problem)]
    found: list[Violation] = []
    _read(expected, (), lambda path, message: found.append(Violation(path=pointer(path), message=message)))
    return found


def _read(expected: Json, at: Path, complain: Complain) -> Matcher:
    if isinstance(expected, dict):
        if any(isinstance(key, str) and key.startswith("$") for key in expected):
            return _comparator(expected, at, complain)
        fields = {key: _read(value, (*at, key), complain) for key, value in expected.items()}
        plain = all(isinstance(field, Plain) for field in fields.values())
        return Plain(expected) if plain else Fields(fields)
    if isinstance(expected, list):
        items = _each(expected, at, complain)
        return Plain(expected) if all(isinstance(item, Plain) for item in items) else Items(items)
    return Plain(expected)


def _each(values: list[Json], at: Path, complain: Complain) -> tuple[Matcher, ...]:
    return tuple(_read(value, (*at, index), complain) for index, value in enumerate(values))


def _comparator(expected: dict[str, Json], at: Path, complain: Complain) -> Matcher:
    (name, operand), *others = expected.items()
    if others:
        complain(at, "a comparator is the only key of its object; write $exact for one that has such a key.")
    elif read := READERS.get(name):
        return read(operand, (*at, name), complain)
    else:
        known = ", ".join(READERS)
        complain(at, f"{name:.40} is no comparator; there are {known}. Write $exact for an object with it.")
    return Ignore()


def _exact(operand: Json, _at: Path, _complain: Complain) -> Matcher:
    return Plain(operand)


def _one_of(operand: Json, at: Path, complain: Complain) -> Matcher:
    if not isinstance(operand, list) or not operand:
        complain(at, "give a list of at least one alternative.")
        return Ignore()
    return matchers.OneOf(_each(operand, at, complain))


def _regex(operand: Json, at: Path, complain: Complain) -> Matcher:
    problem = pattern_problem(operand) if isinstance(operand, str) else "it is no text"
    if problem:
        complain(at, f"give a regular expression: {problem}.")
        return Ignore()
    return matchers.Regex(operand)


def _number(operand: Json, at: Path, complain: Complain) -> Matcher:
    known = {"value", "tolerance", "relative"}
    if not isinstance(operand, dict) or not {"value"} <= operand.keys() <= known:
        complain(at, 'give an object such as {"value": 5, "tolerance": 0.01}, or with "relative".')
        return Ignore()
    wrong = list(_no_numbers(operand))
    for key in wrong:
        complain((*at, key), "give a number" + (" of at least 0." if key != "value" else "."))
    if wrong:
        return Ignore()
    value, tolerance, relative = (
        Decimal(str(operand.get(key, 0))) for key in ("value", "tolerance", "relative")
    )
    return matchers.Number(value, tolerance, relative)


def _no_numbers(operand: dict[str, Json]) -> Iterator[str]:
    for key, value in operand.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (key != "value" and value < 0):
            yield key


def _set(operand: Json, at: Path, complain: Complain) -> Matcher:
    if not isinstance(operand, list):
        complain(at, "give a list.")
        return Ignore()
    items = _each(operand, at, complain)
    plain = tuple(item.value for item in items if isinstance(item, Plain))
    if len(plain) == len(items):
        return matchers.PlainSet(plain)
    if len(items) > MAX_PAIRED:
        complain(at, f"give at most {MAX_PAIRED} items where some are comparators.")
    return matchers.MatcherSet(items)


def _text(operand: Json, at: Path, complain: Complain) -> Matcher:
    if not isinstance(operand, str):
        complain(at, "give a text.")
        return Ignore()
    return matchers.Text.of(operand)


def _schema(operand: Json, at: Path, complain: Complain) -> Matcher:
    try:
        return matchers.Schema(check_schema(operand))
    except UsageError as error:
        complain(at, str(error))
    return Ignore()


def _optional(operand: Json, at: Path, complain: Complain) -> Matcher:
    return matchers.Optional(_read(operand, at, complain))


def _ignore(operand: Json, at: Path, complain: Complain) -> Matcher:
    if operand is not True:
        complain(at, "give true.")
    return Ignore()


READERS: dict[str, Callable[[Json, Path, Complain], Matcher]] = {
    "$exact": _exact,
    "$one_of": _one_of,
    "$regex": _regex,
    "$number": _number,
    "$set": _set,
    "$text": _text,
    "$schema": _schema,
    "$optional": _optional,
    "$ignore": _ignore,
}
