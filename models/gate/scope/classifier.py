"""The classifier `scope`: whether the assistant is for a request, by the examples of the policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.embeddings.names import Embedder
from models.gate import promise
from models.gate.classifier import Finding
from models.gate.scope.kept import Kept
from models.gate.scope.pieces import languages, pieces
from models.gate.scope.prototypes import (
    AGAINST,
    NEAREST,
    OFFSET,
    SLOPE,
    TALK,
    Numbers,
    Prototypes,
    probability,
)
from state.canonical import digest
from state.errors import UsageError
from state.scope_policy import ScopePolicy, distinct
from state.verdict import Action, Place

CATEGORY = "off_scope"
TALKED = Path(__file__).with_name("talk.txt")
HIGHEST = 1 - 1e-6
"""Probabilities stay below it, so that a threshold above any of them is still one."""


@dataclass(frozen=True)
class ScopeCard:
    """What the scope is made of, and what it promises."""

    examples: dict[str, int]
    outside: dict[str, int]
    threshold: float
    action: Action
    false_alarms: float | None
    """The share of requests like the examples that is refused at most; None: nothing can be promised."""
    confidence: float | None
    missing: int
    """Examples that are missing for the promise."""
    loneliest: tuple[str, ...]
    """The inside examples that are least like all others: give their intents more of them."""

    @property
    def promised(self) -> str:
        """The promise in a sentence."""
        if self.false_alarms is not None:
            return (
                f"Of requests like the examples at most {self.false_alarms:.1%} are taken for off-scope, at "
                f"{self.confidence:.0%} confidence."
            )
        if self.missing:
            return f"Nothing can be promised: {self.missing} examples more are needed for that."
        return "Nothing is promised: the policy sets the threshold."


class Scope:
    """Compares requests with examples; it reads all of a request and judges its farthest part."""

    categories = frozenset({CATEGORY})

    def __init__(self, policy: ScopePolicy, kept: Kept) -> None:
        """Embed the examples, or take what was kept of them."""
        self._policy, self._embedder = policy, kept.embedder
        inside, outside = distinct(policy.inside), distinct(policy.outside)
        vectors = kept.embed([*inside, *outside, *talk()])
        ends = (len(inside), len(inside) + len(outside))
        self._prototypes = Prototypes(*np.split(vectors, ends))
        self._languages = frozenset(languages(inside))
        alone = self._prototypes.each_alone()
        self._typical = float(np.median(alone))
        scores = self._probability(alone)
        self.card = _card(policy, inside, scores)
        self.name = "scope"
        knobs = [NEAREST, AGAINST, TALK, SLOPE, OFFSET, talk()]
        self.digest = digest([kept.embedder.name, policy.model_dump(mode="json"), knobs])

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """How probably a request is none of those that the assistant is for, also below the threshold."""
        if place != "screen":
            return []
        score, span = self._farthest(text, self._embedder)
        known = languages([text]) <= self._languages
        return [
            Finding(
                category=CATEGORY,
                score=score,
                reason=self._policy.said(),
                spans=(span,),
                # The embedding model knows English; in other languages being far from examples says little.
                action=self.card.action if known else "flag",
                threshold=self.card.threshold,
            )
        ]

    def _farthest(self, text: str, embedder: Embedder) -> tuple[float, tuple[int, int]]:
        spans = pieces(text, embedder)
        vectors = embedder.embed([text[start:end] for start, end in spans])
        scores = self._probability(self._prototypes.near(vectors))
        scores[self._prototypes.is_talk(vectors)] = 0.0
        at = int(scores.argmax())
        return float(scores[at]), spans[at]

    def _probability(self, near: Numbers) -> Numbers:
        return np.minimum(probability(near, self._typical), HIGHEST)


def scope_of(policy: ScopePolicy | None, embedder: Callable[[], Embedder], home: Path) -> Scope:
    """The scope of a policy, with what is kept below this folder.

    Raises:
        UsageError: the policy has none.
    """
    if policy is None:
        raise UsageError("The policy has no scope.", "Add [gate.scope.inside] to it; see docs/scope.md.")
    return Scope(policy, Kept(embedder(), home / "gate" / "scope"))


@cache
def talk() -> tuple[str, ...]:
    """What people say in any conversation."""
    lines = TALKED.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _card(policy: ScopePolicy, inside: tuple[str, ...], scores: Numbers) -> ScopeCard:
    missing = max(0, promise.needed(policy.false_alarms, policy.confidence) - len(inside))
    kept = not missing and policy.threshold is None
    chosen = policy.threshold
    if chosen is None:
        # With too few examples it lies above all of them, which is where the promise will begin.
        above = float(np.nextafter(scores.max(), 2.0))
        chosen = promise.threshold(scores, policy.false_alarms, policy.confidence) if kept else above
    lonely = np.argsort(-scores, kind="stable")[:NEAREST]
    return ScopeCard(
        examples={intent: len(texts) for intent, texts in policy.inside.items()},
        outside={intent: len(texts) for intent, texts in policy.outside.items()},
        threshold=chosen,
        action=policy.action or ("flag" if missing and policy.threshold is None else "refuse"),
        false_alarms=policy.false_alarms if kept else None,
        confidence=policy.confidence if kept else None,
        missing=missing,
        loneliest=tuple(inside[at] for at in lonely),
    )
