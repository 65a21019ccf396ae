from typing import Any

import pytest

from nodes.quarantine import loosely_typed

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
            "additionalProperties": False,
        }
    },
}


def closed(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"enum": ["yes", "no"]},
        {"const": "any words, but the planner's own"},
        {"type": ["number", "null"]},
        {"type": "string", "format": "date"},
        {"type": "array", "items": {"type": "boolean"}},
        {"anyOf": [{"type": "integer"}, {"enum": ["none"]}]},
        closed(total={"type": "number"}, when={"type": "string", "format": "date-time"}),
        TREE,
    ],
)
def test_values_without_words_may_be_extracted(schema: dict[str, Any]) -> None:
    assert loosely_typed("extract", {"schema": schema}) == ""


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({}, ""),
        ({"type": "string"}, ""),
        ({"type": "string", "maxLength": 20}, ""),
        ({"type": "string", "format": "uri"}, ""),
        ({"type": ["integer", "string"]}, ""),
        ({"type": "array"}, "/*"),
        ({"type": "array", "prefixItems": [{"type": "integer"}]}, "/*"),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, "/*"),
        (closed(a=closed(b={"type": "string"})), "/a/b"),
        (closed() | {"patternProperties": {"^x": {"type": "integer"}}}, "/*"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, ""),
        ({"$ref": "#/$defs/words", "$defs": {"words": {"type": "string"}}}, ""),
    ],
)
def test_a_schema_that_lets_words_through_is_named(schema: dict[str, Any], at: str) -> None:
    said = loosely_typed("extract", {"schema": schema})
    assert f"at {at!r}" in said
    assert said.endswith("time, duration or uuid")


def test_no_text_is_composed() -> None:
    assert "no text is written" in loosely_typed("compose", {"instruction": "Sum it up."})
