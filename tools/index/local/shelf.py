"""What one process keeps open of an index between searches: mapped blocks, and the views of its callers."""

import sqlite3
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.index.local import blocks
from tools.index.local.catalogue import Meta
from tools.index.local.tail import refreshed
from tools.index.local.view import Part, View, view

VIEWS = 8
"""Callers with different labels whose statistics are kept."""


class Registered(NamedTuple):
    """A block as the catalogue knows it."""

    number: int
    folder: str
    label_set: int
    passages: int
    dead: int
    told: int


class Shelf:
    """Mapped blocks and views. Several threads may use it; a view is never changed once it is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._parts: dict[int, Part] = {}
        self._seen: dict[int, int] = {}
        self._generation: tuple[str, int] = ("", -1)
        self._views: OrderedDict[frozenset[int], tuple[Meta, View]] = OrderedDict()

    def view(self, connection: sqlite3.Connection, meta: Meta, label_sets: frozenset[int]) -> View:
        """The view of these label sets in the version that the connection's transaction sees.

        Raises:
            FileNotFoundError: a block is gone that this version knows.
            WarrantError: a block is damaged.
        """
        with self._lock:
            if self._generation != (meta.build, meta.generation):
                self._forget()
                self._generation = (meta.build, meta.generation)
            before = self._views.get(label_sets)
            if before is None or before[0] != meta:
                old = before[1] if before else None
                parts = self.parts(connection, meta, label_sets)
                tail = refreshed(connection, label_sets, meta.dimensions, old.tail if old else None)
                self._views[label_sets] = before = meta, view(parts, tail, old)
            self._views.move_to_end(label_sets)
            while len(self._views) > VIEWS:
                self._views.popitem(last=False)
            return before[1]

    def parts(
        self, connection: sqlite3.Connection, meta: Meta, label_sets: frozenset[int] | None
    ) -> list[Part]:
        """The blocks of these label sets, mapped; None for all."""
        query = "SELECT id, folder, label_set, passages, dead, told FROM blocks ORDER BY first, id"
        every = [Registered(*row) for row in connection.execute(query)]
        for gone in self._parts.keys() - {row.number for row in every}:
            del self._parts[gone]
            self._seen.pop(gone, None)
        return [
            self._part(connection, meta, row)
            for row in every
            if label_sets is None or row.label_set in label_sets
        ]

    def _part(self, connection: sqlite3.Connection, meta: Meta, row: Registered) -> Part:
        number, folder, label_set, passages, dead, told = row
        part = self._parts.get(number)
        if part is None or part.folder != folder:
            self._seen.pop(number, None)
            block = blocks.load(self._folder, folder, meta.generation)
            if len(block.rows) != passages:
                raise blocks.damaged(self._folder / blocks.FOLDER / folder, "it has lost passages")
            part = Part(number, folder, label_set, told, block, np.empty(0, np.int64))
        # Dead rows are only ever added to, so that their number says whether they are all known.
        if len(part.dead) != dead or (part.label_set, part.told) != (label_set, told):
            gone = self._newly_dead(connection, part, dead)
            part = Part(number, folder, label_set, told, part.block, gone)
        self._parts[number] = part
        return part

    def _newly_dead(self, connection: sqlite3.Connection, part: Part, dead: int) -> NDArray[np.int64]:
        if len(part.dead) == dead:
            return part.dead
        if len(part.dead) > dead:  # an older version than the last one seen
            self._seen.pop(part.number, None)
        first = self._seen.get(part.number, 0)
        found = connection.execute(
            "SELECT id, passage FROM dead WHERE block = ? AND id > ?", (part.number, first)
        ).fetchall()
        if found:
            self._seen[part.number] = max(row[0] for row in found)
        known = part.dead if first else part.dead[:0]
        new = np.searchsorted(part.rows.ids, np.array([row[1] for row in found], np.int64))
        return np.union1d(known, new).astype(np.int64)

    def close(self) -> None:
        """Let go of every file."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._parts.clear()
        self._seen.clear()
        self._views.clear()
