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


@dataclass(frozen=True)
class NgramModel:
    """Heads that share their features."""

    shape: Shape
    rarity: Floats
    heads: dict[str, Head]

    def scores(self, text: str) -> dict[str, Scored]:
        """The worst window of a text, for each head."""
        read = reading(text, self.shape)
        margins = self.margins(read)
        scored = {}
        for (category, head), line in zip(self.heads.items(), margins, strict=True):
            worst = int(line.argmax())
            start, end = read.spans[worst].tolist()
            scored[category] = Scored(head.calibration.probability(float(line[worst])), (start, end))
        return scored

    def worst(self, text: str, category: str, number: int) -> list[Part]:
        """The worst windows of a text for a head, as its views read them, the worst first."""
        parts, place = [], [*self.heads].index(category)
        for view in views(text):
            ranges = _windows(view, self.shape)
            spans = np.array([view.span(*one) for one in ranges], dtype=np.int64)
            line = self.margins(Windows(counted(view.text, ranges, self.shape), spans))[place]
            for window in np.argsort(-line)[:number].tolist():
                start, end = ranges[window]
                parts.append(Part(float(line[window]), view.text[start:end], tuple(spans[window].tolist())))
        return sorted(parts, key=lambda part: -part.margin)[:number]

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
    spans: list[tuple[int, int]] = []
    for view in views(text):
        ranges = _windows(view, shape)
        parts.append(_shifted(counted(view.text, ranges, shape), len(spans)))
        spans += [view.span(start, end) for start, end in ranges]
    return Windows(joined(parts), np.array(spans, dtype=np.int64))


def _windows(view: View, shape: Shape) -> list[tuple[int, int]]:
    return windows(len(view.text), shape.window, shape.window // 2)


def joined(parts: Sequence[Counts]) -> Counts:
    """Counts whose windows follow each other."""
    if len(parts) == 1:
        return parts[0]
    return Counts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _shifted(counts: Counts, windows_before: int) -> Counts:
    return counts._replace(windows=counts.windows + windows_before)
