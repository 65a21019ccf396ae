"""An index in a folder of this machine."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from tools.index.backend import Backend
from tools.index.local import blocks, legs
from tools.index.local.catalogue import (
    BUSY_SECONDS,
    FORMAT,
    NAME,
    SCHEMA,
    DamagedError,
    Meta,
    check_embedding,
    check_lost,
    label_sets,
    read_meta,
    reading,
    reported,
)
from tools.index.local.fold import SIZES, Sizes
from tools.index.local.legs import Leg
from tools.index.local.lock import exclusive
from tools.index.local.reader import LocalReader
from tools.index.local.shelf import Shelf
from tools.index.local.view import View
from tools.index.local.writer import LocalWriter
from tools.index.records import Kept
from tools.index.status import Status, kept, rebuilt_with, roots, status

ATTEMPTS = 5
"""Times that a reader looks again for blocks that were merged away while it opened them."""


class LocalBackend:
    """SQLite, mapped files, and Chroma; nothing is opened before the first use."""

    def __init__(self, folder: Path, sizes: Sizes = SIZES) -> None:
        self._folder = folder
        self._sizes = sizes
        self._shelf = Shelf(folder)

    @contextmanager
    def reading(self, embedder: Embedder, labels: frozenset[str]) -> Iterator[LocalReader | None]:
        """One version, as a holder of these ACL labels may read it; None if there is no index yet."""
        with reading(self._folder) as connection:
            if connection is None:
                yield None
                return
            check_embedding(read_meta(connection), embedder, self._folder)
            yield self._reader(connection, labels)

    @contextmanager
    def writing(self, embedder: Embedder, *, rebuild: bool = False) -> Iterator[LocalWriter]:
        """Hold the index for writing; it is made if there is none."""
        with reported(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with (
                exclusive(self._folder),
                closing(_open(self._folder, embedder, rebuild)) as connection,
            ):
                writer = LocalWriter(self._folder, connection, self._sizes)
                writer.begin()
                yield writer
                writer.settle()

    def is_empty(self) -> bool:
        """Whether there is nothing to be found, whoever asks."""
        with reading(self._folder) as connection:
            return connection is None or not connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone()

    def status(self) -> Status:
        """What it holds."""
        return status(self._folder)

    def kept(self) -> list[Kept]:
        """Every file that it knows, as it was read."""
        return kept(self._folder)

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        return roots(self._folder)

    def rebuilt_with(self) -> set[str]:
        """The models with which an unfinished rebuild has begun to embed the passages."""
        return rebuilt_with(self._folder)

    def close(self) -> None:
        """Let go of files; the next use opens them again."""
        self._shelf.close()

    def _reader(self, connection: sqlite3.Connection, labels: frozenset[str]) -> LocalReader:
        readable = {number: own for number, own in label_sets(connection).items() if own <= labels}

        def view() -> View:
            for _ in range(ATTEMPTS):
                try:
                    return self._shelf.view(connection, read_meta(connection), frozenset(readable))
                except FileNotFoundError:
                    # Merged away since the transaction began: a new one sees what took its place.
                    connection.execute("COMMIT")
                    connection.execute("BEGIN")
                    readable.clear()
                    sets = label_sets(connection)
                    readable.update({number: own for number, own in sets.items() if own <= labels})
            try:
                return self._shelf.view(connection, read_meta(connection), frozenset(readable))
            except FileNotFoundError as error:
                raise DamagedError(f"The index has lost {error.filename}.", blocks.REPAIR) from error

        return LocalReader(connection, readable, view, _nearest)


def _nearest(view: View, vector: NDArray[np.float32], count: int) -> Leg:
    return legs.exact([(part, 0) for part in view.parts], vector, count)


def opened(where: Backend | Path) -> Backend:
    """The backend itself, or the one of a folder."""
    return LocalBackend(where) if isinstance(where, Path) else where


def _open(folder: Path, embedder: Embedder, rebuild: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / NAME, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # Blocks are deleted once the catalogue no longer knows them, which a power cut must not undo.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        check_lost(folder)
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement)
        counts = dict.fromkeys(("version", "told", "generation"), 0)
        made = {"format": FORMAT, "build": uuid4().hex, **counts, "rules": "", "graphs": ""}
        kept = {**made, "embedding": embedder.name, "dimensions": embedder.dimensions}
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in kept.items()]
        )
    connection.execute("COMMIT")
    meta: Meta = read_meta(connection)
    if not rebuild:
        check_embedding(meta, embedder, folder)
    return connection
