"""Verdicts: what a gate decided, and outcomes: how a run ended."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Place: TypeAlias = Literal["screen", "result", "release"]
Decision: TypeAlias = Literal["allow", "flag", "refuse"]
Outcome: TypeAlias = Literal["answered", "refused", "needs_approval", "needs_input", "failed"]


class Verdict(BaseModel):
    """A gate's typed decision about one text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    decision: Decision
    category: str
    """`ok`, or what was found: `too_long`, `secret`, `personal_data`, `error`, …"""
    score: float = Field(ge=0.0, le=1.0)
    """How sure the classifier is of the category."""
    threshold: float = Field(ge=0.0, le=1.0)
    classifier: str
    reason: str
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges of the text that caused the decision."""
