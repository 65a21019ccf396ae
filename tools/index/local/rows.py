"""Passages as searching needs them: aligned arrays, in the order of the passages' ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Some passages of one label set; ids ascend."""

    ids: NDArray[np.int64]
    sources: NDArray[np.int64]
    positions: NDArray[np.int32]
    """The place of each in its source, from 0."""
    title_terms: NDArray[np.int32]
    """How many of its terms are of the headings above it; they come first."""
    starts: NDArray[np.int64]
    """Shape (rows + 1,): the terms of row r are `sequence[starts[r]:starts[r + 1]]`."""
    sequence: NDArray[np.int32]
    """Numbers of the terms of all rows, one after the other, in the order of the text."""
    vectors: NDArray[np.float32]
    """Shape (rows, dimensions)."""

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> NDArray[np.int32]:
        """Number of terms of each row, repeated ones counted."""
        return np.diff(self.starts).astype(np.int32)

    def terms(self, row: int) -> NDArray[np.int32]:
        """The terms of a row in their order."""
        return np.array(self.sequence[self.starts[row] : self.starts[row + 1]])

    def take(self, rows: NDArray[Any]) -> "Rows":
        """Some of the rows, in the order given, in memory."""
        starts, sequence = gathered(self.starts, self.sequence, rows)
        return Rows(
            self.ids[rows],
            self.sources[rows],
            self.positions[rows],
            self.title_terms[rows],
            starts,
            sequence,
            self.vectors[rows],
        )


def gathered(
    starts: NDArray[np.int64], values: NDArray[Any], rows: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Rows of different lengths, in the order given."""
    lengths = starts[rows + 1] - starts[rows]
    own = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return own, values[np.arange(own[-1]) + np.repeat(starts[rows] - own[:-1], lengths)]


class Postings(NamedTuple):
    """The rows that each term stands in."""

    terms: NDArray[np.int32]
    """Ascending."""
    starts: NDArray[np.int64]
    """Those of `terms[t]` lie at `starts[t]:starts[t + 1]`."""
    rows: NDArray[np.int32]
    """Ascending within a term."""
    counts: NDArray[np.integer[Any]]
    """How often the term stands in the row; as few bytes each as a block's highest count needs."""

    def of(self, term: int) -> tuple[NDArray[np.int32], NDArray[np.integer[Any]]]:
        """Rows with this term, and how often they have it."""
        # A Python number would make a wider copy of all terms first.
        place = int(self.terms.searchsorted(np.int32(term)))
        if place == len(self.terms) or self.terms[place] != term:
            return self.rows[:0], self.counts[:0]
        span = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return self.rows[span], self.counts[span]

    def frequencies(self) -> NDArray[np.int64]:
        """In how many rows each term stands."""
        return np.diff(self.starts)


def joined(parts: Sequence[Rows], dimensions: int) -> Rows:
    """All rows of the parts, whose ids ascend from one to the next."""
    empty = Rows(
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int32),
        np.empty(0, np.int32),
        np.zeros(1, np.int64),
        np.empty(0, np.int32),
        np.empty((0, dimensions), np.float32),
    )
    every = [empty, *parts]
    lengths = np.concatenate([np.diff(one.starts) for one in every])
    return Rows(
        np.concatenate([one.ids for one in every]),
        np.concatenate([one.sources for one in every]),
        np.concatenate([one.positions for one in every]),
        np.concatenate([one.title_terms for one in every]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([one.sequence for one in every]),
        np.concatenate([one.vectors for one in every]),
    )


def invert(rows: Rows) -> Postings:
    """The postings of some rows."""
    size = max(len(rows), 1)
    owner = np.repeat(np.arange(len(rows), dtype=np.int64), np.diff(rows.starts))
    keys, counts = np.unique(rows.sequence.astype(np.int64) * size + owner, return_counts=True)
    every, owners = keys // size, keys % size
    terms, starts = np.unique(every, return_index=True)
    return Postings(
        terms.astype(np.int32),
        np.concatenate([starts, [len(keys)]]).astype(np.int64),
        owners.astype(np.int32),
        counts.astype(np.min_scalar_type(counts.max(initial=0))),
    )
