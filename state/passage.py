"""Passages: the text that a claim may cite."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field


class Scores(BaseModel):
    """Every score a passage was ranked by; a rank is None where that leg did not propose it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: float | None = None
    """Cosine similarity to the query."""
    dense_rank: int | None = Field(default=None, ge=1)
    sparse: float | None = None
    """BM25 score."""
    sparse_rank: int | None = Field(default=None, ge=1)
    fused: float = 0.0
    """Reciprocal Rank Fusion score, the documented baseline."""
    score: float = 0.0
    """What the list is sorted by."""
    relevance: float | None = Field(default=None, ge=0, le=1)
    """Probability that the passage helps to answer, calibrated; None where the ranking gives none."""
    features: dict[str, float] = Field(default_factory=dict)
    """What the score was made of, by name."""


class Passage(BaseModel):
    """A chunk of a source: `source_text[start:end] == text`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    text: str
    source: str
    """Where the text is from: a path, a URL, or `step:ID` for the output of a tool."""
    title: tuple[str, ...] = ()
    """The headings that lead to the passage, outermost first."""
    start: int = Field(default=0, ge=0)
    """First character in the text of the source."""
    end: int = Field(default=0, ge=0)
    digest: str = ""
    """Hash of the text, `sha256:…`."""
    labels: tuple[str, ...] = ()
    """ACL labels: a caller may read the passage who holds all of them; none means everybody."""
    changed_at: str | None = None
    """When its source last changed (ISO 8601, UTC); None if that is not known."""
    read_at: str | None = None
    """When its source was last read and found as it is here (ISO 8601, UTC)."""
    stale: bool = False
    """Whether that is longer ago than the policy's `retrieval.max_age_days`."""
    quarantined: bool = False
    """Whether the gate keeps it from models, but for a typed extraction."""
    scores: Scores = Scores()


UNSCORED = Scores()
"""To be given where many passages are made: the default is copied deeply each time, which takes longer."""


def aged(passages: Sequence[Passage], max_age_days: float | None, now: datetime) -> list[Passage]:
    """The passages, those marked as stale whose source was read longer ago, or nobody knows when."""
    if max_age_days is None:
        return list(passages)
    oldest = now - timedelta(days=max_age_days)
    return [
        one.model_copy(update={"stale": one.read_at is None or datetime.fromisoformat(one.read_at) < oldest})
        for one in passages
    ]
