"""The tail: passages that were written lately and lie in no block yet, held in memory."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.index.local.rows import Postings, Rows, gathered, invert, joined

SELECT = "SELECT passage, source, position, title_terms, terms, vector FROM legs"


@dataclass(frozen=True)
class Tail:
    """Rows, and how often each has each of its terms."""

    rows: Rows
    lengths: NDArray[np.int32]
    starts: NDArray[np.int64]
    """Shape (rows + 1,): the different terms of row r are those from `starts[r]` to `starts[r + 1]`."""
    terms: NDArray[np.int32]
    counts: NDArray[np.integer[Any]]

    @cached_property
    def postings(self) -> Postings:
        """The rows that each term stands in."""
        owners = np.repeat(np.arange(len(self.rows), dtype=np.int32), np.diff(self.starts))
        # One number for both sorts in a third of the time that a stable sort by term takes.
        order = np.argsort(self.terms.astype(np.int64) << 32 | owners)
        terms = self.terms[order]
        starts = np.flatnonzero(np.diff(terms, prepend=-1))
        return Postings(terms[starts], np.append(starts, len(terms)), owners[order], self.counts[order])

    def of(self, term: int) -> tuple[NDArray[np.int32], NDArray[np.integer[Any]]]:
        """Rows with this term, ascending, and how often they have it."""
        return self.postings.of(term)


def tail(rows: Rows) -> Tail:
    """Count the terms of each row."""
    postings = invert(rows)
    terms = np.repeat(postings.terms, postings.frequencies())
    order = np.argsort(postings.rows, kind="stable")
    counted = np.bincount(postings.rows, minlength=len(rows))
    starts = np.concatenate([[0], np.cumsum(counted)]).astype(np.int64)
    return Tail(rows, rows.lengths(), starts, terms[order], postings.counts[order])


def refreshed(
    connection: sqlite3.Connection, label_sets: Collection[int], dimensions: int, before: Tail | None
) -> Tail:
    """The tail of some label sets; what was there `before` is not read again."""
    wanted = json.dumps(sorted(label_sets))
    query = "SELECT passage FROM legs WHERE label_set IN (SELECT value FROM json_each(?)) ORDER BY passage"
    ids = np.array([passage for (passage,) in connection.execute(query, (wanted,))], np.int64)
    if before is None:
        return tail(_read(connection, ids, dimensions))
    if np.array_equal(ids, before.rows.ids):
        return before
    old = _take(before, np.flatnonzero(np.isin(before.rows.ids, ids)))
    new = tail(_read(connection, ids[~np.isin(ids, old.rows.ids)], dimensions))
    both = _joined(old, new, dimensions)
    order = np.argsort(both.rows.ids)
    return both if np.array_equal(order, np.arange(len(order))) else _take(both, order)


def from_records(records: list[tuple[int, int, int, int, bytes, bytes]], dimensions: int) -> Rows:
    """Rows of the catalogue as arrays: passage, source, position, title terms, terms, vector."""
    sequences = [np.frombuffer(record[4], np.int32) for record in records]
    vectors = np.frombuffer(b"".join(record[5] for record in records), np.float32)
    return Rows(
        np.array([record[0] for record in records], np.int64),
        np.array([record[1] for record in records], np.int64),
        np.array([record[2] for record in records], np.int32),
        np.array([record[3] for record in records], np.int32),
        np.concatenate([[0], np.cumsum([len(one) for one in sequences])]).astype(np.int64),
        np.concatenate([*sequences, np.empty(0, np.int32)]),
        vectors.reshape(len(records), dimensions),
    )


def _read(connection: sqlite3.Connection, ids: NDArray[np.int64], dimensions: int) -> Rows:
    query = f"{SELECT} WHERE passage IN (SELECT value FROM json_each(?)) ORDER BY passage"
    return from_records(connection.execute(query, (json.dumps(ids.tolist()),)).fetchall(), dimensions)


def _take(old: Tail, rows: NDArray[np.int64]) -> Tail:
    starts, terms = gathered(old.starts, old.terms, rows)
    _, counts = gathered(old.starts, old.counts, rows)
    return Tail(old.rows.take(rows), old.lengths[rows], starts, terms, counts)


def _joined(first: Tail, second: Tail, dimensions: int) -> Tail:
    return Tail(
        joined([first.rows, second.rows], dimensions),
        np.concatenate([first.lengths, second.lengths]),
        np.concatenate([first.starts, first.starts[-1] + second.starts[1:]]),
        np.concatenate([first.terms, second.terms]),
        np.concatenate([first.counts, second.counts]),
    )
