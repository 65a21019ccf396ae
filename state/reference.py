"""References between steps: finding them in arguments, resolving them, and checking their types."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from state.plan import Reference, Step, reference
from state.schema import Json, JsonSchema, Violation, pointer

ANY_TYPE = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


NUMBERS = frozenset({"number", "integer"})
"""A number such as 3.0 is an integer."""
LOCAL = re.compile(r"#(?:/|\Z)")
INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class Found(NamedTuple):
    """A reference and where in the arguments it stands."""

    path: tuple[str | int, ...]
    reference: Reference


def references(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[Found]:
    """All references in an argument value, at any depth."""
    if (found := reference(value)) is not None:
        yield Found(path, found)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from references(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from references(part, (*path, index))


def resolve(value: Json, outputs: Mapping[str, Json]) -> Json:
    """Replace each reference by the part of the output it names.

    Raises:
        LookupError: a step has no output, or its output has no such part.
    """
    if (found := reference(value)) is not None:
        return _part(found, outputs)
    if isinstance(value, dict):
        return {key: resolve(part, outputs) for key, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, outputs) for part in value]
    return value


def _part(found: Reference, outputs: Mapping[str, Json]) -> Json:
    nothing = f"step {found.step!r} has no output at {found.pointer!r}"
    try:
        part = JsonPointer(found.pointer).resolve(outputs[found.step])
    except (KeyError, JsonPointerException) as error:
        raise LookupError(nothing) from error
    if isinstance(part, EndOfList):  # what `-` means: the place after the last item
        raise LookupError(nothing)
    return part


def schema_at(schema: JsonSchema, at: str) -> list[JsonSchema]:
    """The subschemas that describe the part of a value at a JSON Pointer; empty if it cannot exist."""
    found = _alternatives(schema, [schema])
    for part in JsonPointer(at).parts:
        found = _alternatives(schema, [inner for outer in found for inner in _children(outer, part)])
    return found


def types_of(schemas: list[JsonSchema]) -> frozenset[str]:
    """JSON types that a value described by any of the schemas can have."""
    return frozenset(name for schema in schemas for name in _types(schema))


def mismatch(found: Found, produced: JsonSchema, wanted: JsonSchema) -> Violation | None:
    """Whether the referenced output can never fit the argument.

    Args:
        found: The reference and its place in the arguments.
        produced: Output schema of the step that is referred to.
        wanted: Input schema of the tool that gets the arguments.
    """
    path = pointer(found.path)
    offered = schema_at(produced, found.reference.pointer)
    if not offered:
        where = f"{found.reference.step}#{found.reference.pointer}"
        return Violation(path=path, message=f"the output has no field at {where}")
    accepted = types_of(schema_at(wanted, path))
    given = types_of(offered)
    if accepted & given or (accepted & NUMBERS and given & NUMBERS):
        return None
    return Violation(path=path, message=f"gives {_names(given)} where {_names(accepted)} is needed")


def _names(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "nothing"


def _types(schema: JsonSchema) -> frozenset[str]:
    named = schema.get("type")
    if isinstance(named, str):
        return frozenset({named})
    return frozenset(named) if isinstance(named, list) else ANY_TYPE


def _alternatives(root: JsonSchema, schemas: list[Json]) -> list[JsonSchema]:
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
    if "array" in types and INDEX.fullmatch(part):
        first = schema.get("prefixItems", [])
        yield first[int(part)] if int(part) < len(first) else schema.get("items", True)
    if "object" in types:
        other = True if "patternProperties" in schema else schema.get("additionalProperties", True)
        yield schema.get("properties", {}).get(part, other)


def needs(step: Step) -> frozenset[str]:
    """Ids of the steps that must be finished before this one."""
    return frozenset(step.after) | {found.reference.step for found in references(step.args)}
