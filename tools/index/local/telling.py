"""Telling Chroma what was written; a kill in here is made good by the next writer."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from tools.index.local import guard
from tools.index.local.catalogue import Meta, read_meta
from tools.index.local.columns import release
from tools.index.local.fold import Sizes
from tools.index.local.graphs import Graphs, name
from tools.index.local.view import Part

BATCH = 2_000


class Telling:
    """Brings the collections up to date with the blocks."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
        graphs: Graphs,
        sizes: Sizes,
    ) -> None:
        self._folder = folder
        self._db = connection
        self._transaction = transaction
        self._graphs = graphs
        self._sizes = sizes

    def begin(self) -> None:
        """Forget what was told to another server, or to files that are gone."""
        if read_meta(self._db).graphs != self._graphs.url or self._graphs.is_lost():
            self.forget()

    def forget(self) -> None:
        """Begin anew: what was told is no longer there."""
        with self._transaction():
            self._db.execute("UPDATE blocks SET told = 0")
            self._db.execute("DELETE FROM due")
            self._db.execute("UPDATE meta SET value = ? WHERE key = 'graphs'", (self._graphs.url,))
            self._count()

    def tell(self, parts: list[Part]) -> None:
        """Tell Chroma the blocks that it does not know, and what it is to drop."""
        large = self._large(parts)
        waiting = [part for part in parts if part.label_set in large and part.told < len(part.rows)]
        if not waiting and not self._db.execute("SELECT 1 FROM due").fetchone():
            return
        try:
            with guard.exclusive(self._folder) if not self._graphs.url else nullcontext():
                self._drop()
                self._give_up(large)
                for part in waiting:
                    self._put(part)
                self._graphs.keep({name(self._meta(), one) for one in large}, self._meta())
        finally:
            self._graphs.close()

    def _large(self, parts: list[Part]) -> set[int]:
        """Label sets that are worth a graph."""
        sizes: dict[int, int] = defaultdict(int)
        for part in parts:
            sizes[part.label_set] += len(part.rows) - len(part.dead)
        return {label_set for label_set, size in sizes.items() if size >= max(1, self._sizes.exact_below)}

    def _drop(self) -> None:
        # A reader of an older version looks at this count after it has asked Chroma.
        with self._transaction():
            self._count()
        query = "SELECT passage FROM due WHERE label_set = ? LIMIT ?"
        for (label_set,) in self._db.execute("SELECT DISTINCT label_set FROM due").fetchall():
            while rows := self._db.execute(query, (label_set, BATCH)).fetchall():
                self._graphs.drop(self._meta(), label_set, [row[0] for row in rows])
                with self._transaction():
                    self._db.executemany(
                        "DELETE FROM due WHERE label_set = ? AND passage = ?",
                        [(label_set, row[0]) for row in rows],
                    )

    def _give_up(self, large: set[int]) -> None:
        """Forget what was told of label sets that are no longer worth a graph, before it is removed."""
        others = "label_set NOT IN (SELECT value FROM json_each(?))"
        kept = (json.dumps(sorted(large)),)
        with self._transaction():
            self._db.execute(f"UPDATE blocks SET told = 0 WHERE told > 0 AND {others}", kept)
            self._db.execute(f"DELETE FROM due WHERE {others}", kept)

    def _put(self, part: Part) -> None:
        for start in range(part.told, len(part.rows), BATCH):
            stop = min(start + BATCH, len(part.rows))
            rows = np.arange(start, stop)
            rows = rows if part.live is None else rows[part.live[start:stop]]
            if len(rows):
                self._graphs.put(self._meta(), part.label_set, part.rows.ids[rows], part.rows.vectors[rows])
            with self._transaction():
                self._db.execute("UPDATE blocks SET told = ? WHERE id = ?", (stop, part.number))
                self._count()
            release(part.rows.vectors)

    def _count(self) -> None:
        self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'told'")

    def _meta(self) -> Meta:
        return read_meta(self._db)
