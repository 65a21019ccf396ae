"""What each head of the gate looks for, and which rows say so."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evals.gate.rows import Row
from models.gate.ngrams.arrays import Bools


class Head(NamedTuple):
    """One category that is looked for on one surface."""

    category: str
    surface: str

    def says(self, row: Row) -> bool:
        """Whether a row says what it is or what it is not; other kinds of attack say neither."""
        return row.surface == self.surface and (row.label == 0 or row.category == self.category)


ARTEFACTS: dict[str, tuple[Head, ...]] = {
    "request": (Head("direct_injection", "input"), Head("jailbreak", "input")),
    "result": (Head("indirect_injection", "tool"),),
}
"""The shipped classifiers and their heads."""


def attacks(rows: Sequence[Row]) -> Bools:
    """Which of the rows are attacks."""
    return np.array([row.label == 1 for row in rows], dtype=bool)
