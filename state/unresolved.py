"""Validating arguments that still hold expressions, whose values nobody knows yet."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from state.expression import expression, is_literal
from state.keywords import VALIDATOR
from state.schema import Json, JsonSchema, Violation, violations

Check: TypeAlias = Callable[[Json, Json, Json, Json], Iterable[ValidationError] | None]

UNDECIDED = frozenset(
    {"not", "if", "enum", "const", "contains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords that may hold or not, depending on values inside."""


def certain_violations(schema: JsonSchema, args: dict[str, Json]) -> list[Violation]:
    """The violations of arguments that remain whatever their expressions will stand for."""
    return violations(schema, args, OPEN)


def _open(keyword: str, check: Check) -> Check:
    """The keyword's check, which lets pass what the value of an expression could cure."""

    def run(validator: Json, wanted: Json, instance: Json, schema: Json) -> Iterator[ValidationError]:
        if expression(instance) is not None:
            return
        chosen: Check | None = check
        if keyword in UNDECIDED | {"oneOf"} and not is_literal(instance):
            chosen = VALIDATOR.VALIDATORS["anyOf"] if keyword == "oneOf" else None
        yield from (chosen and chosen(validator, wanted, instance, schema)) or ()

    return run


OPEN = extend(  # type: ignore[no-untyped-call]  # its stubs lack it
    VALIDATOR, {keyword: _open(keyword, check) for keyword, check in VALIDATOR.VALIDATORS.items()}
)
