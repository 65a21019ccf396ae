"""Quarantine: what a model may learn of a text that the gate found suspicious is values, and no words.

The extraction is done by a model without tools, whose reply must have a schema in which no text of anybody
fits: numbers, booleans, choices, dates (the dual LLM pattern; Debenedetti et al. 2025, arXiv:2503.18813).
"""

from state.plan import COMPOSE
from state.schema import Json, JsonSchema
from state.subschema import ANY, alternatives, parts_at, types_of

NARROW = frozenset({"date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6"})
"""Formats of which a text has too few freedoms to say anything else."""
WAY_OUT = (
    "extract it with a schema of numbers, booleans, enum, const, or strings with the format date, date-time, "
    "time, duration or uuid"
)


def loosely_typed(tool: str, args: dict[str, Json]) -> str:
    """Why a thinking step may not read what is in quarantine; empty if it may."""
    if tool == COMPOSE:
        return f"the gate put a source into quarantine, from which no text is written: {WAY_OUT}"
    at = _loose(args["schema"], alternatives(args["schema"], [args["schema"]]), "", set())
    if at is None:
        return ""
    return (
        f"the gate put a source into quarantine, and the schema lets its words through at {at!r}: {WAY_OUT}"
    )


def _loose(root: JsonSchema, schemas: list[JsonSchema], at: str, seen: set[int]) -> str | None:
    """Where a value that the schemas allow may be any text; None if nowhere."""
    for schema in schemas:
        if "const" in schema or "enum" in schema or id(schema) in seen:
            continue
        types = types_of([schema])
        if "string" in types and schema.get("format") not in NARROW:
            return at
        seen.add(id(schema))
        if "object" in types and (found := _loose_object(root, schema, at, seen)) is not None:
            return found
        if "array" in types:
            inner = _loose(root, parts_at(root, [schema], ANY), f"{at}/{ANY}", seen)
            if inner is not None:
                return inner
    return None


def _loose_object(root: JsonSchema, schema: JsonSchema, at: str, seen: set[int]) -> str | None:
    """Where an object may hold any text; so may the names of members that the schema does not list."""
    if schema.get("additionalProperties") is not False or schema.get("patternProperties"):
        return f"{at}/{ANY}"
    for name in schema.get("properties", {}):
        found = _loose(root, parts_at(root, [schema], name), f"{at}/{name}", seen)
        if found is not None:
            return found
    return None
