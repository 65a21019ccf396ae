"""Texts as bags of windows, ready to be trained on."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.gate.ngrams.arrays import Bools, Floats, Ints
from models.gate.ngrams.features import Counts, Shape
from models.gate.ngrams.model import reading
from models.gate.ngrams.weighing import weighed

EVERY = 2000
"""Texts between two lines of progress."""


@dataclass(frozen=True)
class Bags:
    """The counted windows of many texts, in the order of the texts."""

    counts: Counts
    texts: Ints
    """Of which text each window is."""
    spans: Ints
    """Start and end of each window in its text."""
    size: int
    """How many texts there are; each has a window."""
    shape: Shape

    @cached_property
    def starts(self) -> Ints:
        """The first window of each text."""
        starts: Ints = np.searchsorted(self.texts, np.arange(self.size))
        return starts

    @cached_property
    def lengths(self) -> Ints:
        """How many windows each text has."""
        return np.bincount(self.texts, minlength=self.size)

    def holding(self, known: Sequence[tuple[int, int] | None]) -> Bools:
        """Which windows hold most of the known span of their text; all, where none is known."""
        whole = np.array([span or (0, 1 << 60) for span in known], dtype=np.int64)[self.texts]
        shared = np.minimum(whole[:, 1], self.spans[:, 1]) - np.maximum(whole[:, 0], self.spans[:, 0])
        most = np.minimum(whole[:, 1] - whole[:, 0], self.spans[:, 1] - self.spans[:, 0])
        held: Bools = shared * 2 >= most
        return held

    def rarity(self, chosen: Bools) -> Floats:
        """Inverse document frequency of each bucket in the windows of the chosen texts, smoothed."""
        inside = chosen[self.texts]
        known = np.bincount(self.counts.buckets[inside[self.counts.windows]], minlength=self.shape.columns)
        rarity: Floats = (1 + np.log((1 + inside.sum()) / (1 + known))).astype(np.float32)
        return rarity

    def matrix(self, rarity: Floats) -> sparse.csr_array:
        """Weighed features, one row for each window."""
        features = weighed(self.counts, rarity, self.shape)
        pointer = np.searchsorted(features.windows, np.arange(len(self.texts) + 1))
        return sparse.csr_array(
            (features.values, features.buckets.astype(np.int32), pointer.astype(np.int32)),
            shape=(len(self.texts), self.shape.columns),
        )

    def highest(self, margins: NDArray[np.floating]) -> NDArray[np.floating]:
        """The worst window's margin, for each text."""
        return np.maximum.reduceat(margins, self.starts)


def bagged(texts: Sequence[str], shape: Shape) -> Bags:
    """Count the windows of all views of each text."""
    windows, buckets, counts, owners, spans = [], [], [], [], []
    before = 0
    for place, text in enumerate(texts):
        read = reading(text, shape)
        windows.append(read.counts.windows + before)
        buckets.append(read.counts.buckets.astype(np.int32))
        counts.append(read.counts.counts)
        owners.append(np.full(len(read.spans), place))
        spans.append(read.spans)
        before += len(read.spans)
        if place % EVERY == EVERY - 1:
            sys.stderr.write(f"counted {place + 1} of {len(texts)} texts\n")
    return Bags(
        Counts(np.concatenate(windows), np.concatenate(buckets), np.concatenate(counts)),
        np.concatenate(owners),
        np.concatenate(spans),
        len(texts),
        shape,
    )
