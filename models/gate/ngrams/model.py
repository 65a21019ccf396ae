"""A linear model over the n-grams of all windows of all views of a text; the worst window counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.gate.ngrams.arrays import Floats, Ints
from models.gate.ngrams.features import Counts, Shape, counted
from models.gate.ngrams.weighing import weighed
from models.gate.views.reading import views
from models.gate.views.view import View
from models.gate.windows import windows

SUREST = 1e-6
"""No probability is nearer than this to 0 or 1, so that a threshold fits beyond each."""


class Windows(NamedTuple):
    """The n-grams of all windows of a text, and where each window stands in the original."""

    counts: Counts
    spans: Ints
    """Start and end in the original text, one row for each window."""
    places: Sequence[tuple[View, int, int]] = ()
    """The view that each window is of, and start and end there."""


@dataclass(frozen=True)
class Calibration:
    """A logistic curve from margins to probabilities (Platt 1999)."""

    slope: float = 1.0
    offset: float = 0.0

    def probability(self, margin: float) -> float:
        """Between 0 and 1, both excluded."""
        exponent = -(self.slope * margin + self.offset)
        return min(max(1 / (1 + math.exp(min(exponent, 700.0))), SUREST), 1 - SUREST)


@dataclass(frozen=True)
class Head:
    """What is looked for, as one weight for each bucket."""

    weights: Floats
    bias: float
    calibration: Calibration = Calibration()


class Scored(NamedTuple):
    """How sure a head is of a text, and by which of its windows."""

    probability: float
    span: tuple[int, int]


class Part(NamedTuple):
    """A window of a text, as a view reads it."""

    margin: float
    text: str
    span: tuple[int, int]


class Judged(NamedTuple):
    """The windows of a text, and what each head makes of each of them."""

    windows: Windows
    margins: Floats
    """Heads by windows."""


@dataclass(frozen=True)
class NgramModel:
    """Heads that share their features."""

    shape: Shape
    rarity: Floats
    heads: dict[str, Head]

    def judged(self, text: str) -> Judged:
        """Read a text once, for all that is asked about it."""
        read = reading(text, self.shape)
        return Judged(read, self.margins(read))

    def scores(self, text: str) -> dict[str, Scored]:
        """The worst window of a text, for each head."""
        return self.scored(self.judged(text))

    def scored(self, judged: Judged) -> dict[str, Scored]:
        """The same of a text that was read."""
        scored = {}
        for (category, head), line in zip(self.heads.items(), judged.margins, strict=True):
            worst = int(line.argmax())
            start, end = judged.windows.spans[worst].tolist()
            scored[category] = Scored(head.calibration.probability(float(line[worst])), (start, end))
        return scored

    def worst(self, judged: Judged, category: str, number: int) -> list[Part]:
        """The worst windows of a text for a head, as its views read them, the worst first."""
        line = judged.margins[[*self.heads].index(category)]
        parts = []
        for window in np.argsort(-line, kind="stable")[:number].tolist():
            view, start, end = judged.windows.places[window]
            parts.append(Part(float(line[window]), view.text[start:end], view.span(start, end)))
        return parts

    def margins(self, read: Windows) -> Floats:
        """Heads by windows."""
        features = weighed(read.counts, self.rarity, self.shape)
        return np.stack(
            [
                np.bincount(
                    features.windows,
                    features.values * head.weights[features.buckets],
                    minlength=len(read.spans),
                )
                + head.bias
                for head in self.heads.values()
            ]
        ).astype(np.float32)


def reading(text: str, shape: Shape) -> Windows:
    """Count the windows of all views of a text."""
    parts: list[Counts] = []
    places: list[tuple[View, int, int]] = []
    for view in views(text):
        ranges = windows(len(view.text), shape.window, shape.window // 2)
        parts.append(_shifted(counted(view.text, ranges, shape), len(places)))
        places += [(view, start, end) for start, end in ranges]
    spans = [view.span(start, end) for view, start, end in places]
    return Windows(joined(parts), np.array(spans, dtype=np.int64), places)


def joined(parts: Sequence[Counts]) -> Counts:
    """Counts whose windows follow each other."""
    if len(parts) == 1:
        return parts[0]
    return Counts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _shifted(counts: Counts, windows_before: int) -> Counts:
    return counts._replace(windows=counts.windows + windows_before)
