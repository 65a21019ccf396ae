"""Support: what a checker says about whether evidence supports a claim."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SupportVerdict = Literal["supported", "unsupported", "unsure"]


class Flag(BaseModel):
    """A part of a claim that stands in no source: `claim[start:end] == text`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str
    kind: Literal["number", "unit", "name", "negation", "direction"]
    reason: str


class Support(BaseModel):
    """Whether evidence supports a claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: float = Field(ge=0, le=1)
    """Calibrated probability that it does."""
    verdict: SupportVerdict
    """`unsure` between the two thresholds: a question for a judge or a human."""
    flags: tuple[Flag, ...] = ()
    by: str = "features"
    """The checker, by the name that policy knows it by."""
