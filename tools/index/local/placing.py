"""Where passages lie: in the tail or in a block of their label set; taking them out, and moving them."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.index.local.view import Part

CHUNK = 16_384


class Hit(NamedTuple):
    """Live rows of a block that hold some passages."""

    part: Part
    rows: NDArray[np.int64]

    def is_whole(self) -> bool:
        """Whether these are all of its live rows."""
        return len(self.rows) == len(self.part.rows) - len(self.part.dead)


class Placing:
    """Changes the places of passages inside the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection, parts: Callable[[frozenset[int]], list[Part]]) -> None:
        """Work on this connection.

        Args:
            connection: The catalogue, open for writing.
            parts: The blocks of label sets, as the connection sees them now.
        """
        self._db = connection
        self._parts = parts

    def drop(self, label_set: int, ids: NDArray[np.int64]) -> None:
        """Take passages of one label set out of what is searched."""
        for some in _chunks(ids):
            self._db.execute("DELETE FROM legs WHERE passage IN (SELECT value FROM json_each(?))", (some,))
        for hit in self._hits(label_set, ids):
            self._bury(hit)

    def move(self, before: int, ids: NDArray[np.int64], after: int) -> None:
        """Give passages of one label set another one."""
        for some in _chunks(ids):
            self._db.execute(
                "UPDATE legs SET label_set = ? WHERE passage IN (SELECT value FROM json_each(?))",
                (after, some),
            )
        for hit in self._hits(before, ids):
            if hit.is_whole():
                self._due(hit)
                self._db.execute(
                    "UPDATE blocks SET label_set = ?, told = 0 WHERE id = ?", (after, hit.part.number)
                )
            else:
                self._unfold(hit, after)
                self._bury(hit)

    def _hits(self, label_set: int, ids: NDArray[np.int64]) -> Iterator[Hit]:
        for part in self._parts(frozenset([label_set])):
            rows = np.searchsorted(part.rows.ids, ids)
            inside = rows < len(part.rows)
            inside[inside] = part.rows.ids[rows[inside]] == ids[inside]
            rows = rows[inside]
            if part.live is not None:
                rows = rows[part.live[rows]]
            if len(rows):
                yield Hit(part, rows)

    def _bury(self, hit: Hit) -> None:
        """Mark the rows as dead."""
        ids = hit.part.rows.ids[hit.rows].tolist()
        self._db.executemany(
            "INSERT INTO dead (block, passage) VALUES (?, ?)", [(hit.part.number, one) for one in ids]
        )
        self._db.execute("UPDATE blocks SET dead = dead + ? WHERE id = ?", (len(ids), hit.part.number))
        self._due(hit)

    def _due(self, hit: Hit) -> None:
        """Remember that Chroma is to drop those rows that it knows."""
        known = hit.part.rows.ids[hit.rows[hit.rows < hit.part.told]].tolist()
        self._db.executemany(
            "INSERT OR IGNORE INTO due VALUES (?, ?)", [(hit.part.label_set, one) for one in known]
        )

    def _unfold(self, hit: Hit, label_set: int) -> None:
        """Put copies of the rows into the tail of a label set."""
        for start in range(0, len(hit.rows), CHUNK):
            rows = hit.part.rows.take(hit.rows[start : start + CHUNK])
            self._db.executemany(
                "INSERT INTO legs VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *(int(rows.ids[row]), label_set, int(rows.sources[row]), int(rows.positions[row])),
                        *(int(rows.title_terms[row]), rows.terms(row).tobytes(), rows.vectors[row].tobytes()),
                    )
                    for row in range(len(rows))
                ),
            )


def _chunks(ids: NDArray[np.int64]) -> Iterator[str]:
    for start in range(0, len(ids), CHUNK):
        yield json.dumps(ids[start : start + CHUNK].tolist())
