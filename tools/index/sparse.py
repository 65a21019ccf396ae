"""BM25 with the scores of `rank_bm25.BM25Okapi`, from counts instead of from a scan of every passage."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1 = 1.5
B = 0.75
EPSILON = 0.25
"""Parameters that `BM25Okapi` has by default: saturation, length, and the floor of frequent terms' idf."""


@dataclass(frozen=True)
class Okapi:
    """The statistics of a collection that BM25Okapi's scores depend on."""

    passages: int
    """At least 1."""
    length: int
    """Number of terms of all passages together, repeated ones counted."""
    frequencies: NDArray[np.integer[Any]]
    """In how many passages each term stands; terms that stand in none may be among them."""

    @property
    def mean_length(self) -> float:
        """Mean number of terms of a passage."""
        return self.length / self.passages

    @cached_property
    def floor(self) -> float:
        """The idf of a term that more than half of the passages have."""
        # The idf depends on the frequency alone, and few frequencies differ.
        terms = np.bincount(self.frequencies[self.frequencies > 0])
        values = np.flatnonzero(terms)
        if not len(values):
            return 0.0
        return EPSILON * float(terms[values] @ self._raw(values)) / int(terms.sum())

    def idf(self, frequencies: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Inverse document frequency of terms that stand in so many passages; 0 for those of none."""
        raw = self._raw(np.minimum(frequencies, self.passages))
        found: NDArray[np.float64] = np.where(raw < 0, self.floor, raw)
        return np.where(frequencies > 0, found, 0.0)

    def weights(
        self,
        idf: float | NDArray[np.float64],
        counts: NDArray[np.integer[Any]],
        lengths: NDArray[np.integer[Any]],
    ) -> NDArray[np.float64]:
        """What a term adds to the scores of passages of these lengths that have it so many times."""
        norms = lengths * (K1 * B / self.mean_length) + K1 * (1 - B)
        saturated: NDArray[np.float64] = counts * ((K1 + 1) * idf) / (counts + norms)
        return saturated

    def _raw(self, frequencies: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.log(self.passages - frequencies + 0.5) - np.log(frequencies + 0.5)
        return found
