"""How near a request is to examples of what an assistant is for.

Its nearness is the mean of the three highest cosines to inside examples, less 0.3 times that to outside ones.
Centres of clusters in place of the examples were not better with 150 of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Numbers = NDArray[np.float64]

NEAREST = 3
AGAINST = 0.3
"""How much the nearness to outside examples counts; more costs recall of what nobody gave examples of."""
TALK = 0.5
"""Cosine to an utterance of any conversation from which a text is taken for one; none of 540 requests outside
of an assistant's scope has it."""
SLOPE, OFFSET = 13.8, 0.8
"""The curve from the distance to a typical example to a probability, by `evals.gate.scope_table --curve`."""


@dataclass(frozen=True)
class Prototypes:
    """Embedded examples, each of norm 1."""

    inside: Vectors
    outside: Vectors
    talk: Vectors

    def near(self, vectors: Vectors) -> Numbers:
        """Nearness of texts to what the assistant is for."""
        return _nearest(vectors @ self.inside.T) - self._against(vectors)

    def each_alone(self) -> Numbers:
        """Nearness of each inside example to the others."""
        cosines = self.inside @ self.inside.T
        np.fill_diagonal(cosines, -np.inf)
        others = np.sort(cosines, axis=1)[:, 1:]
        return _nearest(others) - self._against(self.inside)

    def is_talk(self, vectors: Vectors) -> NDArray[np.bool_]:
        """Which texts are what people say in any conversation."""
        return np.asarray((vectors @ self.talk.T).max(axis=1) >= TALK)

    def _against(self, vectors: Vectors) -> Numbers:
        if not len(self.outside):
            return np.zeros(len(vectors))
        return AGAINST * np.maximum(_nearest(vectors @ self.outside.T), 0.0)


def _nearest(cosines: Vectors) -> Numbers:
    count = min(NEAREST, cosines.shape[1])
    best = np.partition(cosines, cosines.shape[1] - count, axis=1)[:, -count:]
    return np.asarray(best.mean(axis=1), np.float64)


def probability(near: Numbers, typical: float) -> Numbers:
    """Probability that a text is outside, if as many texts are outside as inside."""
    return np.asarray(1 / (1 + np.exp(-(SLOPE * (typical - near) - OFFSET))))
