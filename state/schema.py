"""JSON Schema (draft 2020-12) validation with formats checked, no network access and bounded time.

A schema is read as draft 2020-12 whatever its `$schema` says.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from jsonpointer import JsonPointer
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]  # no stubs
from pydantic import BaseModel, ConfigDict
from referencing import Registry
from referencing._core import Resolved, Resolver
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from state.errors import UsageError
from state.keywords import FORMATS, VALIDATOR, PatternTimeoutError
from state.plain import not_plain

Json: TypeAlias = Any
JsonSchema: TypeAlias = dict[str, Any]

MAX_VIOLATIONS = 20


class Violation(BaseModel):
    """One way in which a value breaks its schema or its contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """JSON Pointer to the offending part; empty for the whole value."""
    message: str


def check_schema(schema: Json) -> JsonSchema:
    """Return the schema if it is valid draft 2020-12.

    Raises:
        UsageError: it is not a schema, or it points to one that is not inside it.
    """
    if not isinstance(schema, dict):
        raise UsageError(
            "The JSON Schema is not an object.", 'Give a draft 2020-12 schema such as {"type": "object"}.'
        )
    if problem := not_plain(schema):
        raise UsageError(f"The JSON Schema {problem}.", "Correct it.")
    _check_keywords(schema)
    _check_references(schema)
    return schema


def _check_keywords(schema: Json) -> None:
    try:
        Draft202012Validator.check_schema(schema, format_checker=FORMATS)
    except SchemaError as error:
        raise UsageError(
            f"The JSON Schema is invalid at {_pointer(error)!r}: {_clip(error.message)}.",
            "Correct it (draft 2020-12).",
        ) from error


def _check_references(schema: JsonSchema) -> None:
    """Look up each reference, and check what it points to: that need not stand where a schema is expected."""
    root = DRAFT202012.create_resource(schema)
    within, seen = [(root, SPECIFICATIONS.resolver_with_root(root))], set()
    while within:
        resource, resolver = within.pop()
        if id(resource.contents) in seen:
            continue
        seen.add(id(resource.contents))
        within += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]
        for target in _targets(resource.contents, is_root=resource is root):
            found = _looked_up(target, resolver)
            if target.startswith("https://json-schema.org/"):
                continue
            _check_keywords(found.contents)
            within.append((DRAFT202012.create_resource(found.contents), found.resolver))


def _targets(schema: Json, *, is_root: bool) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if "$schema" in schema and not is_root:
        raise UsageError("The JSON Schema has a $schema below its root.", "Take it out.")
    yield from (schema[keyword] for keyword in {"$ref", "$dynamicRef"} & schema.keys())


def _looked_up(target: str, resolver: Resolver[Json]) -> Resolved[Json]:
    try:
        return resolver.lookup(target)
    except Unresolvable as error:
        raise UsageError(
            f"The JSON Schema points to {target!r:.80}, which is not inside it.",
            "Put that schema under $defs; nothing is fetched.",
        ) from error


def violations(schema: JsonSchema, value: Json, validator: type[Validator] = VALIDATOR) -> list[Violation]:
    """All violations of `value` against `schema`, at most MAX_VIOLATIONS of them, sorted by path.

    Args:
        schema: It passed `check_schema`.
        value: Whatever it is: what is not plain JSON is a violation.
        validator: The meaning of the keywords.
    """
    if problem := not_plain(value):
        return [Violation(path="", message=problem)]
    # Where a `$ref` leads back to the root, its `$schema` would make jsonschema change to another validator.
    schema = {key: part for key, part in schema.items() if key != "$schema"}
    made = validator(schema, format_checker=FORMATS, registry=Registry())
    try:
        found = [
            Violation(path=_pointer(error), message=_clip(error.message))
            for error in islice(made.iter_errors(value), MAX_VIOLATIONS)
        ]
    except (Unresolvable, RecursionError, PatternTimeoutError) as error:
        found = [Violation(path="", message=_clip(f"cannot be validated: {error or type(error).__name__}"))]
    return sorted(found, key=lambda violation: violation.path)


def _pointer(error: ValidationError | SchemaError) -> str:
    return pointer(error.absolute_path)


def pointer(parts: Iterable[str | int]) -> str:
    """JSON Pointer (RFC 6901) to the part of a value that lies at these keys and indices."""
    path: str = JsonPointer.from_parts(parts).path
    return path


def _clip(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else message[: limit - 1] + "…"
