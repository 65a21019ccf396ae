"""Passages: the text that a claim may cite."""

from pydantic import BaseModel, ConfigDict, Field


class Scores(BaseModel):
    """Every score a passage was ranked by; None where that leg did not return it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: float | None = None
    """Cosine similarity to the query."""
    dense_rank: int | None = Field(default=None, ge=1)
    sparse: float | None = None
    """BM25 score."""
    sparse_rank: int | None = Field(default=None, ge=1)
    fused: float = 0.0
    """Reciprocal Rank Fusion score; the list is sorted by it."""


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
    scores: Scores = Scores()
