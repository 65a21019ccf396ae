"""Text generated from a Zipf vocabulary: the same numbers on every machine."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 300_000
SHIFT = 50
"""Zipf–Mandelbrot: without the words that a stop word list takes out."""
MEAN_LENGTH = 100
"""Terms of a passage; the lengths are log-normal."""
QUERY_TERMS = (3, 12)


class Generated:
    """Passages as numbers of terms, and queries made of terms of single passages."""

    def __init__(self, size: int, queries: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        lengths = np.maximum(5, rng.lognormal(np.log(MEAN_LENGTH) - 0.08, 0.4, size)).astype(np.int64)
        weights = 1 / (np.arange(VOCABULARY) + SHIFT)
        cumulated = np.cumsum(weights / weights.sum())
        drawn = np.searchsorted(cumulated, rng.random(int(lengths.sum()))).clip(max=VOCABULARY - 1)
        self.passages: list[NDArray[np.int32]] = np.split(drawn.astype(np.int32), np.cumsum(lengths)[:-1])
        self.queries: list[NDArray[np.int32]] = [
            rng.choice(self.passages[rng.integers(size)], rng.integers(*QUERY_TERMS)) for _ in range(queries)
        ]

    @cached_property
    def words(self) -> list[str]:
        """Each term as a word."""
        return [f"w{number}" for number in range(VOCABULARY)]

    def spelled(self, numbers: NDArray[np.int32]) -> list[str]:
        """Terms as words."""
        return [self.words[number] for number in numbers]
