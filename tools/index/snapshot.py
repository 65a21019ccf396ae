"""What a search needs in memory: the statistics of all passages, and their vectors where they are few."""

import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.index.catalogue import Meta, label_sets, legible, read_meta
from tools.index.sparse import Okapi, postings

EXACT_BELOW = 40_000
"""Passages; with fewer, comparing with every vector is faster than Chroma's graph, and exact."""


@dataclass(frozen=True)
class Snapshot:
    """One version of the catalogue; row numbers count its passages in the order of their ids."""

    meta: Meta
    passages: NDArray[np.int64]
    """Id of each row, ascending."""
    label_set: NDArray[np.int64]
    labels: dict[int, frozenset[str]]
    sparse: Okapi | None
    """None if no passage has a term."""
    vectors: NDArray[np.float32] | None
    """Shape (rows, dimensions); None if Chroma is to be asked."""

    def holds(self, passage: int) -> bool:
        """Whether there is a passage of this id."""
        row = int(np.searchsorted(self.passages, passage))
        return row < len(self.passages) and int(self.passages[row]) == passage

    def readable(self, allowed: list[int]) -> NDArray[np.bool_]:
        """Which rows have one of these label sets."""
        return np.isin(self.label_set, allowed)

    def allowed(self, held: frozenset[str]) -> list[int]:
        """The label sets of which a caller holds every label."""
        return [number for number, labels in self.labels.items() if labels <= held]


def load(connection: sqlite3.Connection, exact_below: int = EXACT_BELOW) -> Snapshot:
    """Read the snapshot that the connection's transaction sees."""
    with legible():
        return _load(connection, exact_below)


def _load(connection: sqlite3.Connection, exact_below: int) -> Snapshot:
    meta = read_meta(connection)
    count = connection.execute("SELECT count(*) FROM legs").fetchone()[0]
    exact = count < exact_below
    rows = connection.execute(
        f"SELECT passage, label_set, terms, counts{', vector' if exact else ''} FROM legs ORDER BY passage"
    ).fetchall()
    terms = dict(connection.execute("SELECT term, id FROM terms"))
    ids, amounts = ([np.frombuffer(row[column], np.int32) for row in rows] for column in (2, 3))
    vectors = np.frombuffer(b"".join(row[4] for row in rows), np.float32) if exact else None
    return Snapshot(
        meta=meta,
        passages=np.array([row[0] for row in rows], np.int64),
        label_set=np.array([row[1] for row in rows], np.int64),
        labels=label_sets(connection),
        sparse=Okapi(postings(terms, ids, amounts)) if any(map(len, ids)) else None,
        vectors=None if vectors is None else vectors.reshape(count, meta.dimensions),
    )


def best(scores: NDArray[np.floating], eligible: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """The eligible rows of the highest scores, best first; of equal scores the earlier row first."""
    rows = np.flatnonzero(eligible)
    if len(rows) > count:
        # What ties with the last one stays in, so that the sort decides which of them is taken.
        limit = np.partition(scores[rows], -count)[-count]
        rows = rows[scores[rows] >= limit]
    return rows[np.argsort(-scores[rows], kind="stable")][:count]
