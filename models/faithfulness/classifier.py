"""A calibrated logistic regression on the features, and the thresholds between which it abstains.

`python -m evals.support` fits and measures it; see CARD.md beside it.
"""

from collections.abc import Mapping
from functools import cache
from math import exp
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from state.errors import UsageError
from state.support import SupportVerdict

ARTEFACT = Path(__file__).with_name("classifier.json")


class Kind(BaseModel):
    """The classifier of one kind of text."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weights: dict[str, float]
    bias: float
    lower: float = Field(ge=0, le=1)
    """At or below: unsupported."""
    upper: float = Field(ge=0, le=1)
    """At or above: supported."""

    def score(self, features: Mapping[str, float]) -> float:
        """The probability that the claim is supported."""
        logit = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, logit))))

    def verdict(self, score: float) -> SupportVerdict:
        """What the score means; the middle abstains."""
        if score >= self.upper:
            return "supported"
        return "unsupported" if score <= self.lower else "unsure"


class Classifier(BaseModel):
    """The part of the artefact that is needed to decide."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kinds: dict[str, Kind]

    def kind(self, name: str) -> Kind:
        """The classifier of a kind of text.

        Raises:
            UsageError: there is none of this name.
        """
        if name not in self.kinds:
            raise UsageError(f"There is no kind of text {name!r}.", f"Use one of {', '.join(self.kinds)}.")
        return self.kinds[name]


@cache
def classifier() -> Classifier:
    """The classifier that is shipped."""
    return Classifier.model_validate_json(ARTEFACT.read_text(encoding="utf-8"))
