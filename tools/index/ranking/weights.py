"""The weights of the ranking: `weights.json`, which `python -m evals.ranking` makes; see `CARD.md`."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tools.index.ranking.features import Features

SHIPPED = Path(__file__).with_name("weights.json")
CARD = Path(__file__).with_name("CARD.md")


class Linear(BaseModel):
    """One weight for each of the features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: float
    sparse: float
    coverage: float
    length: float
    window: float
    graph: float


class Relevance(BaseModel):
    """A logistic regression that makes a probability of what is comparable between queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float
    behind: float
    """Weight of the passage's score less the best score of the query, at most 0."""
    similarity: float
    """Weight of its cosine to the query."""
    coverage: float
    """Weight of its coverage of the query's terms."""


class Weights(BaseModel):
    """Everything that is tuned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: Linear
    beside: float = Field(ge=0, le=0.5)
    """Share in a score of the mean score of the passages before and after it."""
    relevance: Relevance


NAMES = Features._fields


@cache
def shipped() -> Weights:
    """The weights that come with this version."""
    return Weights.model_validate_json(SHIPPED.read_text(encoding="utf-8"))
