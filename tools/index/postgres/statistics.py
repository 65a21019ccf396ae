"""BM25Okapi from the figures of the label sets that a caller may read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tools.index.sparse import EPSILON, K1, B

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass
class Figures:
    """What is readable: sums over label sets."""

    db: "Connection[Any]"
    label_sets: list[int]
    passages: int
    length: int
    """Terms of all passages together."""

    @property
    def mean_length(self) -> float:
        """Mean number of terms of a passage."""
        return self.length / self.passages

    def frequencies(self, numbers: Sequence[int]) -> dict[int, int]:
        """How many readable passages have each of these terms; those that none has are left out."""
        return dict(
            self.db.execute(
                """SELECT term, sum(passages)::bigint FROM frequencies
                WHERE label_set = ANY(%s) AND term = ANY(%s) GROUP BY term""",
                (self.label_sets, list(numbers)),
            ).fetchall()
        )

    def idf(self, frequencies: Mapping[int, int]) -> dict[int, float]:
        """Inverse document frequencies: what is negative becomes a share of the mean, as in rank_bm25."""
        plain = {term: self._raw(count) for term, count in frequencies.items()}
        return {term: value if value >= 0 else EPSILON * self._average for term, value in plain.items()}

    def looked_up(self, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Inverse document frequencies of term numbers, 0 for a term that nothing readable has."""
        unique, back = np.unique(numbers, return_inverse=True)
        idf = self.idf(self.frequencies(unique.tolist()))
        return np.array([idf.get(term, 0.0) for term in unique.tolist()], np.float64)[back]

    @cached_property
    def _average(self) -> float:
        """Mean over the vocabulary; needed only where a term stands in more than half of the passages."""
        rows = self.db.execute(
            """SELECT found, count(*) FROM (
                SELECT sum(passages)::bigint AS found FROM frequencies
                WHERE label_set = ANY(%s) GROUP BY term) AS every GROUP BY found""",
            (self.label_sets,),
        ).fetchall()
        # The sum is exact whatever the order of the rows: its last bit may decide between equal passages.
        total = math.fsum(terms * self._raw(found) for found, terms in rows)
        return total / sum(terms for _, terms in rows) if rows else 0.0

    def _raw(self, frequency: int) -> float:
        return math.log(self.passages - frequency + 0.5) - math.log(frequency + 0.5)


def figures(connection: "Connection[Any]", held: Sequence[str]) -> Figures:
    """The figures of what a holder of these labels may read."""
    sets = [
        id_
        for (id_,) in connection.execute(
            "SELECT id FROM label_sets WHERE labels <@ %s::text[]", (list(held),)
        ).fetchall()
    ]
    row = connection.execute(
        "SELECT coalesce(sum(passages), 0)::bigint, coalesce(sum(terms), 0)::bigint "
        "FROM sizes WHERE label_set = ANY(%s)",
        (sets,),
    ).fetchone()
    return Figures(connection, sets, *(row or (0, 0)))


def scores(
    sequences: Sequence[NDArray[np.int32]],
    query: Sequence[int],
    idf: Sequence[float],
    mean_length: float,
) -> NDArray[np.float64]:
    """BM25Okapi scores of passages, given the terms of each; a term that is asked for twice counts twice."""
    lengths = np.array([len(one) for one in sequences], np.int64)
    rows = np.repeat(np.arange(len(sequences)), lengths)
    every = np.concatenate([*sequences, np.empty(0, np.int32)])
    norms = K1 * (1 - B + B * lengths / mean_length) if mean_length else np.zeros(len(sequences))
    total = np.zeros(len(sequences))
    for term, weight in zip(query, idf, strict=True):
        counts = np.bincount(rows[every == term], minlength=len(sequences))
        found = counts > 0
        total[found] += weight * counts[found] * (K1 + 1) / (counts[found] + norms[found])
    return total
