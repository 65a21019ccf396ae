"""Drafts: the answer as a model proposes it, before it is verified."""

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from state.schema import JsonSchema

MAX_MISSING = 400
"""Characters of what is missing."""


class Quote(BaseModel):
    """A piece of evidence and the words in it that support a claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str = Field(description="The id of the evidence.")
    quote: str = Field(min_length=1, description="A part of its text, copied character by character.")


class DraftClaim(BaseModel):
    """A statement that is yet to be verified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, description="One short statement.")
    citations: list[Quote]


class Draft(BaseModel):
    """What the answer prompt asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claims: list[DraftClaim] = Field(max_length=50)
    missing: str | None = Field(
        max_length=MAX_MISSING, description="What the evidence does not tell, or null."
    )
    data: Any = None


def draft_schema(data_schema: JsonSchema | None) -> JsonSchema:
    """JSON Schema of a draft; the caller's own schema stands at `data` with its references intact."""
    schema = _own_schema()
    if data_schema is None:
        return schema
    # An `$id` makes `#/…` inside the caller's schema point into that schema, not into ours; a `$schema`
    # below the root would make jsonschema change to another validator.
    data = {"$id": "urn:warrant:data", **data_schema}
    data.pop("$schema", None)
    return {
        **schema,
        "properties": {**schema["properties"], "data": data},
        "required": [*schema["required"], "data"],
    }


@cache
def _own_schema() -> JsonSchema:
    """The schema without `data`, made once: it takes a millisecond."""
    schema = Draft.model_json_schema()
    del schema["properties"]["data"]
    return schema
