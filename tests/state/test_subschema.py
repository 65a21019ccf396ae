"""What a schema says of the parts of a value, without false alarms."""

import time

import pytest

from state.schema import check_schema
from state.subschema import compatible, schema_at, types_of

SCHEMA = {
    "type": "object",
    "properties": {
        "s": {"type": "string"},
        "n": {"type": ["number", "null"]},
        "tree": {"$ref": "#/$defs/t%20r~1ee"},
        "anchored": {"$ref": "#anchor"},
        "either": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"$ref": "#/properties/s"}]},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        "map": {"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": False},
        "any": True,
        "never": False,
    },
    "additionalProperties": False,
    "$defs": {
        "t r/ee": {
            "type": "object",
            "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/t%20r~1ee"}}},
            "additionalProperties": False,
        },
        "a": {"$anchor": "anchor", "type": "string"},
        "loop": {"anyOf": [{"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/loop"}]},
    },
}


@pytest.mark.parametrize(
    ("at", "types"),
    [
        ("/s", "string"),
        ("/n", "number null"),
        ("/tree/kids/3/kids/0", "object"),
        ("/either", "array string"),
        ("/either/0", "integer"),
        ("/pair/0", "string"),
        *[
            (at, "")
            for at in ("/x", "/s/0", "/never", "/pair/1", "/tree/kid", "/tree/kids/01", "/tree/kids/-")
        ],
    ],
)
def test_what_lies_at_a_pointer(at: str, types: str) -> None:
    assert types_of(schema_at(check_schema(SCHEMA), at)) == set(types.split())


@pytest.mark.parametrize("at", ["/any/x/0", "/map/x1", "/anchored", "/n"])
def test_what_is_not_known_may_be(at: str) -> None:
    assert schema_at(SCHEMA, at) != []


def test_schemas_that_open_without_end_come_to_an_end() -> None:
    started = time.perf_counter()
    assert schema_at({"$ref": "#/$defs/loop", **SCHEMA}, "/a") == []
    laughs = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    assert types_of(schema_at({"$ref": "#/$defs/d0", "$defs": {**laughs, "d60": {"type": "null"}}}, "")) == {
        "null"
    }
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("string", "string", True),
        ("integer", "number", True),
        ("number", "integer", True),
        ("string", "integer", False),
        ("null", "string", False),
        ("boolean", "integer", False),
        ("array", "object", False),
    ],
)
def test_types_that_can_fit(given: str, wanted: str, fits: bool) -> None:
    assert compatible(frozenset({given}), frozenset({wanted})) is fits
