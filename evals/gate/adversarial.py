"""Which transformations of attacks slip through a classifier, as it reads them raw and in every view."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from evals.gate.obfuscations import TRANSFORMATIONS, transform
from models.gate.views.reading import views
from state.errors import UsageError

Score: TypeAlias = Callable[[str], float]

AS_WRITTEN = "as_written"
"""The name of the row in which nothing is transformed."""


@dataclass(frozen=True)
class Slip:
    """How a classifier stands one transformation; benign texts are transformed like attacks."""

    transformation: str
    attacks: int
    benign: int
    recall_raw: float
    """Share of the attacks found when the text is scored as it stands."""
    false_alarms_raw: float
    recall_read: float | None
    """Share found when every view is scored and the highest score counts; None if that was not asked for."""
    false_alarms_read: float | None


def slipping(
    classify: Score,
    threshold: float,
    attacks: Sequence[str],
    benign: Sequence[str],
    *,
    normalise: bool = True,
    names: Iterable[str] = TRANSFORMATIONS,
    seed: int = 0,
) -> list[Slip]:
    """Recall and false alarms of a classifier, as written and for each transformation.

    Args:
        classify: Scores a text as it stands; it must not read views itself, or there is no before.
        threshold: A score from which on a text is taken for an attack.
        attacks: Texts that should be found.
        benign: Texts that should not.
        normalise: Score the views of each text, too.
        names: The transformations.
        seed: What a transformation draws depends on it and on the text's place.

    Raises:
        UsageError: there are no attacks or no benign texts, or there is no such transformation.
    """
    if not attacks or not benign:
        raise UsageError(
            "Recall and false alarms need texts of both kinds.", "Give attacks and benign texts."
        )
    return [
        _slip(
            Detector(classify, threshold, normalise), name, _as(name, attacks, seed), _as(name, benign, seed)
        )
        for name in (AS_WRITTEN, *names)
    ]


class Detector(NamedTuple):
    """A classifier with its threshold."""

    classify: Score
    threshold: float
    normalise: bool

    def raw(self, texts: Sequence[str]) -> float:
        """The share of the texts that it takes for attacks as they stand."""
        return sum(self.classify(text) >= self.threshold for text in texts) / len(texts)

    def read(self, texts: Sequence[str]) -> float | None:
        """The share that it takes for attacks in one view or another."""
        if not self.normalise:
            return None
        scores = (max(self.classify(view.text) for view in views(text)) for text in texts)
        return sum(score >= self.threshold for score in scores) / len(texts)


def _slip(detector: Detector, name: str, attacks: Sequence[str], benign: Sequence[str]) -> Slip:
    return Slip(
        transformation=name,
        attacks=len(attacks),
        benign=len(benign),
        recall_raw=detector.raw(attacks),
        false_alarms_raw=detector.raw(benign),
        recall_read=detector.read(attacks),
        false_alarms_read=detector.read(benign),
    )


def _as(name: str, texts: Sequence[str], seed: int) -> list[str]:
    if name == AS_WRITTEN:
        return list(texts)
    return [transform(name, text, seed + place) for place, text in enumerate(texts)]
