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
from models.offline.relevance import Question, Scored
from models.offline.units import Unit
from models.text import terms

CALIBRATION = Path(__file__).with_name("abstention.json")


class Signals(NamedTuple):
    """What is known of a question and its evidence; between 0 and 1, similarities between -1 and 1."""

    similarity: float
    """Highest cosine of a sentence to the question."""
    similarity_of_three: float
    """Mean of the three highest."""
    unit_coverage: float
    """Largest share of the question's words, by rarity, that one sentence with its headings holds."""
    passage_coverage: float
    """The same for one passage."""
    rarest: float
    """Share of the question's rarer half of words that one passage holds."""


class Calibration(BaseModel):
    """A logistic regression on Signals; the part of `abstention.json` that is needed to decide."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weights: dict[str, float]
    bias: float
    threshold: float = Field(ge=0, le=1)
    """Below this probability the model abstains."""

    def probability(self, signals: Signals) -> float:
        """That one of the passages answers the question."""
        named = signals._asdict()
        logit = self.bias + sum(weight * named[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, logit))))


@cache
def calibration() -> Calibration:
    """The calibration that is shipped."""
    return Calibration.model_validate_json(CALIBRATION.read_text(encoding="utf-8"))


def signals(question: Question, passages: Sequence[Sequence[Unit]], ranked: Sequence[Scored]) -> Signals:
    """What the ranked units and their passages say about whether the question can be answered."""
    if not ranked:
        return Signals(0.0, 0.0, 0.0, 0.0, 0.0)
    similarities = sorted((one.similarity for one in ranked), reverse=True)[:3]
    held = [_terms(passage) for passage in passages if passage]
    by_rarity = sorted(question.words, key=lambda term: -question.words[term])
    rarer = {term: question.words[term] for term in by_rarity[: (len(by_rarity) + 1) // 2]}
    return Signals(
        similarity=similarities[0],
        similarity_of_three=sum(similarities) / len(similarities),
        unit_coverage=max(one.coverage for one in ranked),
        passage_coverage=max(coverage(question.words, found) for found in held),
        rarest=max(coverage(rarer, found) for found in held),
    )


def _terms(passage: Sequence[Unit]) -> set[str]:
    return {term for unit in passage for term in terms(f"{unit.context} {unit.text}")}
