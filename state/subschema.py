"""What a JSON Schema says about the parts of a value."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from jsonpointer import JsonPointer

from state.schema import Json, JsonSchema

ANY_TYPE = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
NUMBERS = frozenset({"number", "integer"})
"""A number such as 3.0 is an integer."""
LOCAL = re.compile(r"#(?:/|\Z)")
INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
ANY = "*"
"""Stands in a pointer for any index and any key."""


def schema_at(schema: JsonSchema, at: str) -> list[JsonSchema]:
    """The subschemas that describe the part of a value at a JSON Pointer; empty if it cannot exist."""
    found = alternatives(schema, [schema])
    for part in JsonPointer(at).parts:
        found = parts_at(schema, found, part)
    return found


def parts_at(root: JsonSchema, schemas: list[JsonSchema], part: str) -> list[JsonSchema]:
    """The subschemas of a member or an element, or of all of them where the part is `*`."""
    return alternatives(root, [inner for outer in schemas for inner in _children(outer, part)])


def types_of(schemas: list[JsonSchema]) -> frozenset[str]:
    """JSON types that a value described by any of the schemas can have."""
    return frozenset(name for schema in schemas for name in _types(schema))


def compatible(given: frozenset[str], accepted: frozenset[str]) -> bool:
    """Whether a value of one of the given types can have one of the accepted ones."""
    return bool(given & accepted or (given & NUMBERS and accepted & NUMBERS))


def _types(schema: JsonSchema) -> frozenset[str]:
    named = schema.get("type")
    if isinstance(named, str):
        return frozenset({named})
    return frozenset(named) if isinstance(named, list) else ANY_TYPE


def alternatives(root: JsonSchema, schemas: list[Json]) -> list[JsonSchema]:
    """Follow `$ref` inside the root and open `anyOf`, `oneOf`; `allOf` counts as its parts.

    Each target is opened once, so that a schema that refers to itself comes to an end.
    """
    found: list[JsonSchema] = []
    opening, seen = list(schemas), set()
    while opening:
        schema = {} if (schema := opening.pop()) is True else schema
        if not isinstance(schema, dict):
            continue
        target = str(schema.get("$ref", ""))
        parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
        if not LOCAL.match(target):
            opening += parts
            found += [] if parts else [schema]
        elif target not in seen:
            seen.add(target)
            opening.append(JsonPointer(unquote(target[1:])).resolve(root, True))
    return found


def _children(schema: JsonSchema, part: str) -> Iterator[Json]:
    """What describes a property or an item of a value; what is not followed here may be anything."""
    types = _types(schema)
    if part == ANY:
        yield from _all_children(schema, types)
        return
    if "array" in types and INDEX.fullmatch(part):
        first = schema.get("prefixItems", [])
        yield first[int(part)] if int(part) < len(first) else schema.get("items", True)
    if "object" in types:
        yield schema.get("properties", {}).get(part, _other(schema))


def _all_children(schema: JsonSchema, types: frozenset[str]) -> Iterator[Json]:
    if "array" in types:
        yield from [*schema.get("prefixItems", []), schema.get("items", True)]
    if "object" in types:
        yield from [*schema.get("properties", {}).values(), _other(schema)]


def _other(schema: JsonSchema) -> Json:
    """What describes a property that is not named."""
    return True if "patternProperties" in schema else schema.get("additionalProperties", True)
