"""Whether the evidence is strong enough to answer: a calibrated probability, held against a threshold.

Weights and threshold come from `abstention.json`, which `python -m evals.abstention` fits and measures; see
`abstention.md` beside it.
"""

from collections.abc import Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from models.offline.rarity import coverage
from models.offline.relevance import Question, Scored, held_terms
from models.offline.units import Unit

CALIBRATION = Path(__file__).with_name("abstention.json")


class Signals(NamedTuple):
    """What is known of a question and its evidence; further ones (rarest words, gaps, sums) added nothing."""

    similarity: float
    """Highest cosine of a sentence to the question, -1 to 1."""
    coverage: float
    """Largest share of the question's words, weighted by rarity, that one passage holds, 0 to 1."""


class Weights(BaseModel):
    """One weight for each of the signals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    similarity: float
    coverage: float


class Calibration(BaseModel):
    """A logistic regression on Signals; the part of `abstention.json` that is needed to decide."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weights: Weights
    bias: float
    threshold: float = Field(ge=0, le=1)
    """Below this probability the model abstains."""

    def probability(self, signals: Signals) -> float:
        """That one of the passages answers the question."""
        weighed = self.weights.similarity * signals.similarity + self.weights.coverage * signals.coverage
        logit = self.bias + weighed
        return 1 / (1 + exp(-max(-30.0, min(30.0, logit))))


@cache
def calibration() -> Calibration:
    """The calibration that is shipped."""
    return Calibration.model_validate_json(CALIBRATION.read_text(encoding="utf-8"))


def signals(question: Question, passages: Sequence[Sequence[Unit]], ranked: Sequence[Scored]) -> Signals:
    """What the ranked units and their passages say about whether the question can be answered."""
    if not ranked:
        return Signals(0.0, 0.0)
    covered = [coverage(question.words, held_terms(passage)) for passage in passages if passage]
    return Signals(max(one.similarity for one in ranked), max(covered))
