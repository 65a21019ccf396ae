"""JSON Schema (draft 2020-12) validation with formats checked and no network access."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict
from referencing import Registry
from referencing.exceptions import Unresolvable

from state.errors import UsageError

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
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UsageError(
            f"The JSON Schema is invalid at {_pointer(error)!r}: {error.message}.",
            "Correct it (draft 2020-12).",
        ) from error
    return schema


def violations(schema: JsonSchema, value: Json) -> list[Violation]:
    """All violations of `value` against `schema`, at most MAX_VIOLATIONS of them, deepest path last."""
    validator = Draft202012Validator(
        schema, format_checker=Draft202012Validator.FORMAT_CHECKER, registry=Registry()
    )
    try:
        found = [
            Violation(path=_pointer(error), message=_clip(error.message))
            for error in _limited(validator.iter_errors(value))
        ]
    except (Unresolvable, RecursionError) as error:
        found = [Violation(path="", message=_clip(f"cannot be validated: {error or type(error).__name__}"))]
    return sorted(found, key=lambda violation: violation.path)


def _limited(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    for _, error in zip(range(MAX_VIOLATIONS), errors, strict=False):
        yield error


def _pointer(error: ValidationError | SchemaError) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path)


def _clip(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else message[: limit - 1] + "…"
