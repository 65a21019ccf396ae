"""Putting the tail into blocks, and small blocks into large ones; each step is whole or absent."""

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tools.index.local import blocks
from tools.index.local.catalogue import Meta
from tools.index.local.merge import merge
from tools.index.local.tail import SELECT, from_records
from tools.index.local.view import Part

ROWS = 65_536
"""Folded into one block at most."""
ALL_LABEL_SETS = 16
"""So many times the fold size may lie in the tails of all label sets together."""
DEAD = 0.25
"""A block with a larger part of dead rows is written anew."""


class Span(NamedTuple):
    """The ids between which a block's passages lie, both among them."""

    first: int
    last: int


class Sizes(NamedTuple):
    """When what is written goes on to the next place."""

    fold: int = 2_048
    """Passages in the tail of a label set that make a block."""
    factor: int = 8
    """Blocks of about one size that make a larger one."""
    exact_below: int = 10_000
    """Passages of a label set; with fewer, comparing with every vector is faster than Chroma's graph."""


SIZES = Sizes()


class Folding:
    """Keeps the tail short and the blocks few."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        changing: Callable[[], AbstractContextManager[None]],
        sizes: Sizes,
    ) -> None:
        self._folder = folder
        self._db = connection
        self._changing = changing
        self._sizes = sizes

    def fold(self, meta: Meta) -> bool:
        """Make blocks of tails that are long enough; returns whether there were any."""
        tails = self._db.execute(
            "SELECT label_set, count(*) FROM legs GROUP BY label_set ORDER BY 2 DESC, 1"
        ).fetchall()
        left = sum(count for _, count in tails)
        folded = False
        for label_set, count in tails:
            if count < self._sizes.fold and left <= ALL_LABEL_SETS * self._sizes.fold:
                break
            while self._fold(label_set, meta) == ROWS:
                pass
            folded = True
            left -= count
        return folded

    def merge(self, meta: Meta, parts: list[Part]) -> bool:
        """Make one block of some of these; returns whether there was a reason to, so that more may follow."""
        chosen = self._chosen(parts)
        if not chosen:
            return False
        left = sum(len(part.rows) - len(part.dead) for part in chosen)
        made = merge(self._folder, chosen, meta.generation, meta.dimensions) if left else None
        with self._changing():
            numbers = [(part.number,) for part in chosen]
            self._db.executemany("DELETE FROM blocks WHERE id = ?", numbers)
            self._db.executemany("DELETE FROM dead WHERE block = ?", numbers)
            if made:
                told = left if all(part.told == len(part.rows) for part in chosen) else 0
                firsts, lasts = zip(*((part.rows.ids[0], part.rows.ids[-1]) for part in chosen), strict=True)
                span = Span(int(min(firsts)), int(max(lasts)))
                self._register(made, chosen[0].label_set, left, told, span)
        for part in chosen:
            blocks.remove(self._folder, part.folder)
        return True

    def sweep(self) -> None:
        """Delete what a killed writer left: blocks that nobody knows of."""
        known = {folder for (folder,) in self._db.execute("SELECT folder FROM blocks")}
        for name in blocks.names(self._folder) - known:
            blocks.remove(self._folder, name)

    def _fold(self, label_set: int, meta: Meta) -> int:
        """Make a block of a tail, or of its first ROWS passages; returns how many there were."""
        records = self._db.execute(
            f"{SELECT} WHERE label_set = ? ORDER BY passage LIMIT ?", (label_set, ROWS)
        ).fetchall()
        if not records:
            return 0
        rows = from_records(records, meta.dimensions)
        made = blocks.write(self._folder, rows, meta.generation)
        span = Span(int(rows.ids[0]), int(rows.ids[-1]))
        with self._changing():
            self._register(made, label_set, len(rows), 0, span)
            self._db.execute(
                "DELETE FROM legs WHERE label_set = ? AND passage BETWEEN ? AND ?", (label_set, *span)
            )
        return len(records)

    def _register(
        self,
        made: tuple[str, dict[str, str]],
        label_set: int,
        passages: int,
        told: int,
        span: Span,
    ) -> None:
        self._db.execute(
            """INSERT INTO blocks (folder, label_set, passages, dead, told, first, last, digests)
            VALUES (?, ?, ?, 0, ?, ?, ?, ?)""",
            (made[0], label_set, passages, told, *span, json.dumps(made[1])),
        )

    def _chosen(self, parts: list[Part]) -> list[Part]:
        """Blocks of one label set that are to become one."""
        groups: dict[tuple[int, bool, int], list[Part]] = defaultdict(list)
        for part in parts:
            if len(part.dead) > DEAD * len(part.rows):
                return [part]
            told = part.told == len(part.rows)
            groups[part.label_set, told, self._level(len(part.rows) - len(part.dead))].append(part)
        return next((group for group in groups.values() if len(group) >= self._sizes.factor), [])

    def _level(self, passages: int) -> int:
        return max(0, math.floor(math.log(max(passages, 1) / self._sizes.fold, self._sizes.factor) + 1e-9))
