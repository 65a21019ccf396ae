"""Answers: claims, and the citations they rest on."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from state.support import Support


class Citation(BaseModel):
    """A quote, found in a passage: `source_text[start:end] == quote`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str
    """Id of the passage, or of the step whose output is quoted."""
    source: str
    quote: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Claim(BaseModel):
    """One statement of the answer with at least one citation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    citations: tuple[Citation, ...] = Field(min_length=1)
    support: Support | None = None
    """Whether the cited passages support it; None where that was not checked."""


class Answer(BaseModel):
    """What is given to the user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """Its first lines are the claims, one each; what could not be said or done follows."""
    claims: tuple[Claim, ...] = ()
    data: Any = None
    """Satisfies the caller's own JSON Schema, where one was given."""
