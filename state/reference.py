"""References between steps: finding them in arguments, resolving them, and checking their types."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jsonpointer import JsonPointer, JsonPointerException

from state.plan import Reference, Step, reference
from state.schema import Json, JsonSchema, Violation

ANY_TYPE = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


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
    try:
        return JsonPointer(found.pointer).resolve(outputs[found.step])
    except (KeyError, JsonPointerException) as error:
        raise LookupError(f"step {found.step!r} has no output at {found.pointer!r}") from error


def schema_at(schema: JsonSchema, pointer: str) -> list[JsonSchema]:
    """The subschemas that describe the part of a value at a JSON Pointer; empty if it cannot exist."""
    found = _alternatives(schema, schema)
    for part in JsonPointer(pointer).parts:
        found = [inner for outer in found for inner in _child(schema, outer, part)]
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
    path = "".join(f"/{part}" for part in found.path)
    offered = schema_at(produced, found.reference.pointer)
    if not offered:
        where = f"{found.reference.step}#{found.reference.pointer}"
        return Violation(path=path, message=f"the output has no field at {where}")
    accepted = types_of(schema_at(wanted, path))
    given = types_of(offered)
    if accepted & given or ("number" in accepted and "integer" in given):
        return None
    return Violation(path=path, message=f"gives {_names(given)} where {_names(accepted)} is needed")


def _names(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "nothing"


def _types(schema: JsonSchema) -> frozenset[str]:
    named = schema.get("type")
    if isinstance(named, str):
        return frozenset({named})
    return frozenset(named) if isinstance(named, list) else ANY_TYPE


def _alternatives(root: JsonSchema, schema: Json, depth: int = 0) -> list[JsonSchema]:
    """Follow `$ref` inside the root and open `anyOf`, `oneOf`; `allOf` counts as its parts."""
    if schema is True:
        return [{}]
    if not isinstance(schema, dict) or depth > 32:
        return []
    if isinstance(target := schema.get("$ref"), str) and target.startswith("#"):
        inner = JsonPointer(target[1:]).resolve(root, None)
        return _alternatives(root, inner, depth + 1)
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
    return [inner for part in parts for inner in _alternatives(root, part, depth + 1)] or [schema]


def _child(root: JsonSchema, schema: JsonSchema, part: str) -> list[JsonSchema]:
    if part in schema.get("properties", {}):
        return _alternatives(root, schema["properties"][part])
    types = _types(schema)
    if "array" in types and part.isdigit():
        return _alternatives(root, schema.get("items", True))
    if "object" in types:
        return _alternatives(root, schema.get("additionalProperties", True))
    return []


def needs(step: Step) -> frozenset[str]:
    """Ids of the steps that must be finished before this one."""
    return frozenset(step.after) | {found.reference.step for found in references(step.args)}
