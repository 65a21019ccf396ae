"""Random expressions: some that mean nothing, and some that are typed as the operators want them."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from state.expression import OPERATORS

ROW = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "n": {"type": "number"},
        "ok": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "n", "ok", "tags"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}},
        "head": {"$ref": "#/$defs/row"},
        "at": {"type": "string", "format": "date"},
        "map": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["rows", "head", "at", "map"],
    "additionalProperties": False,
    "$defs": {"row": ROW},
}
"""Output of a tool; two steps have it."""

WORDS = st.sampled_from(["", "a", "B c", "7", "1.5", "bill 12", "a,b", "é"])
NUMBERS = st.integers(-99, 99) | st.sampled_from([0.1, 2.5, -1.25])
ROWS = st.fixed_dictionaries(
    {"name": WORDS, "n": NUMBERS, "ok": st.booleans(), "tags": st.lists(WORDS, max_size=2)}
)
OUTPUTS = st.fixed_dictionaries(
    {
        "rows": st.lists(ROWS, max_size=3),
        "head": ROWS,
        "at": st.dates().map(str),
        "map": st.dictionaries(st.sampled_from(["x", "y~/"]), NUMBERS, max_size=2),
    }
)

SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | st.sampled_from([10**18, -1, 1e300, 10**400])
LEAVES = SCALARS | st.sampled_from(
    [
        {"$ref": "s1#"},
        {"$ref": "s1#/rows"},
        {"$ref": "s1#/rows/0/name"},
        {"$ref": "s2#/map"},
        {"$ref": "s1#/~"},
        {"$item": ""},
        {"$item": "/n"},
        {"$item": 5},
        {"$each": "/tags"},
        {"$nth": 1},
        {"$literal": {"$ref": 1}},
        {"$bad": 1},
    ]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "key", "days", "minutes"]), inner, max_size=2)
        | st.builds(lambda name, operand: {name: operand}, st.sampled_from(sorted(OPERATORS)), inner)
        | st.builds(
            lambda name, operands: {name: operands},
            st.sampled_from(sorted(OPERATORS)),
            st.lists(inner, min_size=1, max_size=4),
        )
    ),
    max_leaves=12,
)
"""Expressions of every operator, most of which have no value."""

PATTERNS = st.sampled_from(["[0-9]+", "(bill) ([0-9]+)?", "^a", ".*"])
UNITS = st.sampled_from(["days", "hours", "minutes"])


@cache
def texts(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that give a text, or null."""
    steps = st.sampled_from(["s1", "s2"])
    flat = [
        WORDS,
        st.builds(lambda s: {"$ref": f"{s}#/head/name"}, steps),
        st.builds(lambda s: {"$ref": f"{s}#/at"}, steps),
        *([st.just({"$item": "/name"})] if item else []),
    ]
    if not depth:
        return st.one_of(flat)
    inner, number = texts(depth - 1, item), numbers(depth - 1, item)
    return st.one_of(
        *flat,
        st.builds(lambda *parts: {"$text": [*parts]}, inner, number | inner, inner),
        st.builds(lambda text: {"$lower": text}, inner),
        st.builds(lambda row: {"$get": [row, "name"]}, rows(depth - 1, item)),
        st.builds(lambda text, pattern: {"$match": [text, pattern]}, inner, PATTERNS),
        st.builds(lambda few, by: {"$join": [few, by]}, lists(depth - 1, item), WORDS),
        st.builds(lambda few: {"$first": few}, lists(depth - 1, item)),
        st.builds(lambda few, n: {"$get": [few, n]}, lists(depth - 1, item), st.integers(-2, 2)),
        st.builds(lambda s, unit, n: {"$shift": [{"$ref": f"{s}#/at"}, {unit: n}]}, steps, UNITS, number),
        st.builds(lambda s: {"$get": [{"$last": {"$entries": {"$ref": f"{s}#/map"}}}, "key"]}, steps),
        st.builds(lambda c, a, b: {"$if": [c, a, b]}, conditions(depth - 1, item), inner, inner),
    )


@cache
def numbers(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that give a number, or null."""
    steps = st.sampled_from(["s1", "s2"])
    flat = [NUMBERS, st.builds(lambda s: {"$ref": f"{s}#/head/n"}, steps), st.just({"$nth": 1})]
    flat += [st.just({"$item": "/n"})] if item else []
    if not depth:
        return st.one_of(flat)
    inner, row = numbers(depth - 1, item), rows(depth - 1, item)
    arithmetic = st.sampled_from(["$add", "$sub", "$mul", "$div"])
    return st.one_of(
        *flat,
        st.builds(lambda name, *parts: {name: [*parts]}, arithmetic, inner, inner),
        st.builds(lambda a, n: {"$round": [a, n]}, inner, st.integers(-2, 3)),
        st.builds(lambda text: {"$number": text}, texts(depth - 1, item)),
        st.builds(lambda few: {"$count": few}, lists(depth - 1, item)),
        st.builds(lambda few: {"$sum": {"$map": [few, {"$item": "/n"}]}}, tables(depth - 1, item)),
        st.builds(lambda row: {"$get": [row, "n"]}, row),
        st.builds(lambda s: {"$get": [{"$first": {"$entries": {"$ref": f"{s}#/map"}}}, "value"]}, steps),
        st.builds(lambda s, t: {"$minutes": [{"$ref": f"{s}#/at"}, {"$ref": f"{t}#/at"}]}, steps, steps),
        st.builds(lambda c, a, b: {"$if": [c, a, b]}, conditions(depth - 1, item), inner, inner),
    )


@cache
def conditions(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that hold or not."""
    steps = st.sampled_from(["s1", "s2"])
    flat = [st.booleans(), st.builds(lambda s: {"$ref": f"{s}#/head/ok"}, steps)]
    flat += [st.just({"$item": "/ok"})] if item else []
    if not depth:
        return st.one_of(flat)
    number, text, inner = (
        numbers(depth - 1, item),
        texts(depth - 1, item),
        conditions(depth - 1, item),
    )
    compared = st.sampled_from(["$eq", "$ne", "$lt", "$le", "$gt", "$ge"])
    return st.one_of(
        *flat,
        st.builds(lambda name, a, b: {name: [a, b]}, compared, number, number),
        st.builds(lambda name, a, b: {name: [a, b]}, compared, text, text),
        st.builds(lambda a, few: {"$in": [a, few]}, text, lists(depth - 1, item)),
        st.builds(lambda few, a: {"$contains": [few, a]}, lists(depth - 1, item) | text, text),
        st.builds(lambda a, b: {"$starts": [a, b]}, text, text),
        st.builds(lambda name, *few: {name: [*few]}, st.sampled_from(["$and", "$or"]), inner, inner),
        st.builds(lambda c: {"$not": c}, inner),
        st.builds(lambda value: {"$exists": value}, number | text | rows(depth - 1, item)),
    )


@cache
def rows(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that give a row, or null."""
    steps = st.sampled_from(["s1", "s2"])
    flat = [st.builds(lambda s: {"$ref": f"{s}#/head"}, steps), *([st.just({"$item": ""})] if item else [])]
    if not depth:
        return st.one_of(flat)
    table, key = tables(depth - 1, item), st.sampled_from([{"$item": "/n"}])
    return st.one_of(
        *flat,
        st.builds(lambda name, t: {name: t}, st.sampled_from(["$first", "$last"]), table),
        st.builds(lambda name, t, k: {name: [t, k]}, st.sampled_from(["$min", "$max"]), table, key),
        st.builds(lambda t, n: {"$get": [t, n]}, table, st.integers(-2, 2)),
    )


@cache
def tables(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that give a list of rows."""
    steps = st.sampled_from(["s1", "s2"])
    flat = st.builds(lambda s: {"$ref": f"{s}#/rows"}, steps)
    if not depth:
        return flat
    inner = tables(depth - 1, item)
    key = st.sampled_from([{"$item": "/n"}])
    return st.one_of(
        flat,
        st.builds(lambda t, c: {"$filter": [t, c]}, inner, conditions(depth - 1, True)),
        st.builds(lambda t, k, way: {"$sort": [t, k, way]}, inner, key, st.sampled_from(["asc", "desc"])),
        st.builds(lambda t, n: {"$take": [t, n]}, inner, st.integers(-1, 3)),
        st.builds(lambda *t: {"$flat": [*t]}, inner, inner),
        st.builds(lambda t: {"$unique": t}, inner),
        st.builds(lambda a, b: {"$except": [a, b]}, inner, inner),
        st.builds(
            lambda t: {"$flat": {"$map": [{"$group": [t, {"$item": "/ok"}]}, {"$item": "/items"}]}}, inner
        ),
    )


@cache
def lists(depth: int, item: bool = False) -> st.SearchStrategy[Any]:
    """Expressions that give a list of texts."""
    steps = st.sampled_from(["s1", "s2"])
    flat = [st.builds(lambda s: {"$ref": f"{s}#/head/tags"}, steps), st.lists(WORDS, min_size=1, max_size=2)]
    flat += [st.just({"$item": "/tags"})] if item else []
    if not depth:
        return st.one_of(flat)
    table = tables(depth - 1, item)
    return st.one_of(
        *flat,
        st.builds(lambda t, text: {"$map": [t, text]}, table, texts(depth - 1, True)),
        st.builds(lambda t: {"$flat": {"$map": [t, {"$item": "/tags"}]}}, table),
        st.builds(
            lambda text, by: {"$split": [text, by]}, texts(depth - 1, item), st.sampled_from([",", " "])
        ),
        st.builds(lambda few: {"$unique": few}, lists(depth - 1, item)),
        st.builds(lambda few, n: {"$take": [few, n]}, lists(depth - 1, item), st.integers(0, 2)),
        st.builds(
            lambda few, text: {"$map": [few, {"$text": [{"$item": ""}, text]}]}, lists(depth - 1, item), WORDS
        ),
    )


TYPED = st.one_of(texts(3), numbers(3), conditions(3), rows(3), tables(3), lists(3))
"""Expressions whose operands have the types that their operators take."""
