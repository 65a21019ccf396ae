"""Verdicts: what a gate decided, and outcomes: how a run ended."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.usage import Usage

Place: TypeAlias = Literal["screen", "result", "release"]
Action: TypeAlias = Literal["flag", "quarantine", "ask", "refuse"]
Decision: TypeAlias = Literal["allow", "flag", "quarantine", "ask", "refuse"]
Outcome: TypeAlias = Literal["answered", "refused", "needs_approval", "needs_input", "failed"]

GRAVITY: tuple[Decision, ...] = ("allow", "flag", "quarantine", "ask", "refuse")
"""Decisions, the mildest first. A flag is recorded and shown; of what is quarantined a model sees only what a
typed extraction took from it; `ask` waits for a human."""
MILD = ("allow", "flag")
"""Decisions after which a text goes on as it is."""


class Verdict(BaseModel):
    """A gate's typed decision about one text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    decision: Decision
    category: str
    """`ok`, or what was found: `direct_injection`, `too_long`, `secret`, `personal_data`, `error`, …"""
    score: float = Field(ge=0.0, le=1.0)
    """Probability of the category, calibrated where the classifier was trained."""
    threshold: float = Field(ge=0.0, le=1.0)
    """From this score on the decision is taken."""
    classifier: str
    digest: str = ""
    """Of everybody who could judge at this place: weights, rules and the data behind them."""
    reason: str
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges of the text that caused the decision."""
    scores: dict[str, float] = Field(default_factory=dict)
    """Category → score of everything that was looked for and scored, also below its threshold."""
    usage: Usage = Usage()
    """What asking a model for it cost."""

    @property
    def withholds(self) -> bool:
        """Whether the text may not go on as it is."""
        return self.decision not in MILD
