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
    size: int
    """How many texts there are; each has a window."""
    shape: Shape

    @cached_property
    def starts(self) -> Ints:
        """The first window of each text."""
        return np.searchsorted(self.texts, np.arange(self.size))

    @cached_property
    def lengths(self) -> Ints:
        """How many windows each text has."""
        return np.bincount(self.texts, minlength=self.size)

    def rarity(self, chosen: Bools) -> Floats:
        """Inverse document frequency of each bucket in the windows of the chosen texts, smoothed."""
        inside = chosen[self.texts]
        known = np.bincount(self.counts.buckets[inside[self.counts.windows]], minlength=self.shape.columns)
        return (1 + np.log((1 + inside.sum()) / (1 + known))).astype(np.float32)

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
    windows, buckets, counts, owners = [], [], [], []
    before = 0
    for place, text in enumerate(texts):
        read = reading(text, shape)
        windows.append(read.counts.windows + before)
        buckets.append(read.counts.buckets.astype(np.int32))
        counts.append(read.counts.counts)
        owners.append(np.full(len(read.spans), place))
        before += len(read.spans)
        if place % EVERY == EVERY - 1:
            sys.stderr.write(f"counted {place + 1} of {len(texts)} texts\n")
    return Bags(
        Counts(np.concatenate(windows), np.concatenate(buckets), np.concatenate(counts)),
        np.concatenate(owners),
        len(texts),
        shape,
    )
