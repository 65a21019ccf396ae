"""An index in a folder of this machine."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from models.embeddings.names import Embedder
from tools.index.backend import Backend, Labelled
from tools.index.errors import check_model
from tools.index.local import holdings
from tools.index.local.blocks import FOLDER, damaged
from tools.index.local.catalogue import (
    BUSY_SECONDS,
    FORMAT,
    NAME,
    SCHEMA,
    Meta,
    check_lost,
    label_sets,
    lasting,
    legible,
    read_meta,
    reading,
    reported,
)
from tools.index.local.fold import SIZES, Sizes
from tools.index.local.graphs import Graphs
from tools.index.local.lock import WAIT_SECONDS, exclusive
from tools.index.local.nearest import Nearest
from tools.index.local.reader import LocalReader
from tools.index.local.shelf import Shelf
from tools.index.local.view import View
from tools.index.local.writer import LocalWriter
from tools.index.records import Kept
from tools.index.status import Status

SEARCHES = 8
"""Searches of which both legs run beside each other; more of them wait."""
ATTEMPTS = 5
"""Times that a reader looks again for blocks that were merged away while it opened them."""


class LocalBackend:
    """SQLite, mapped files, and Chroma; nothing is opened before the first use."""

    def __init__(
        self, folder: Path, sizes: Sizes = SIZES, chroma_url: str = "", wait: float = WAIT_SECONDS
    ) -> None:
        """Open nothing yet.

        Args:
            folder: Where it lies, or will.
            sizes: From how many passages on they are kept in which way.
            chroma_url: URL of a Chroma server; it runs in this process if empty.
            wait: Seconds to wait for another writer.
        """
        self.folder = folder
        self._wait = wait
        self._sizes = sizes
        self.chroma_url = chroma_url
        self._catalogue = lasting(folder)
        self._shelf = Shelf(folder)
        self.nearest = Nearest(folder, Graphs(folder, chroma_url), sizes.exact_below)
        self._beside = ThreadPoolExecutor(SEARCHES, "warrant-dense")

    @contextmanager
    def reading(self, embedder: Embedder, labels: frozenset[str]) -> Iterator[LocalReader | None]:
        """One version, as a holder of these ACL labels may read it; None if there is no index yet."""
        with reading(self.folder, self._catalogue) as connection:
            if connection is None:
                yield None
                return
            _check_model(read_meta(connection), embedder, self.folder)
            yield self._reader(connection, labels)

    @contextmanager
    def writing(self, embedder: Embedder, *, rebuild: bool = False) -> Iterator[LocalWriter]:
        """Hold the index for writing; it is made if there is none."""
        with reported(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with (
                exclusive(self.folder, self._wait),
                closing(_open(self.folder, embedder, rebuild)) as connection,
            ):
                graphs = Graphs(self.folder, self.chroma_url)
                writer = LocalWriter(self.folder, connection, self._sizes, graphs)
                writer.begin()
                yield writer
                writer.settle()

    def is_empty(self, labels: frozenset[str] | None = None) -> bool:
        """Whether there is nothing to be found by a holder of these labels; None: whoever asks."""
        with reading(self.folder) as connection:
            if connection is None:
                return True
            rows = connection.execute(
                """SELECT labels FROM label_sets WHERE id IN
                    (SELECT label_set FROM sources WHERE id IN (SELECT source FROM passages))"""
            )
            with legible():
                return not any(labels is None or labels.issuperset(json.loads(row[0])) for row in rows)

    def labelled(self, sources: Sequence[str]) -> Labelled | None:
        """The labels of those sources that are indexed, whoever may read them; None if there is no index."""
        with reading(self.folder) as connection:
            if connection is None:
                return None
            rows = connection.execute(
                """SELECT source, labels FROM sources JOIN label_sets ON label_sets.id = label_set
                WHERE source IN (SELECT value FROM json_each(?))""",
                (json.dumps(list(sources)),),
            )
            with legible():
                found = {source: frozenset(json.loads(labels)) for source, labels in rows}
            return Labelled(read_meta(connection).rules, found)

    def status(self) -> Status:
        """What it holds."""
        return holdings.status(self.folder)

    def kept(self) -> list[Kept]:
        """Every file that it knows, as it was read."""
        return holdings.kept(self.folder)

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        return holdings.roots(self.folder)

    def rebuilt_with(self) -> set[str]:
        """The models with which an unfinished rebuild has begun to embed the passages."""
        return holdings.rebuilt_with(self.folder)

    def knows(self, path: Path) -> bool:
        """Whether it knows this file, or one in this folder."""
        return holdings.knows(self.folder, path)

    def close(self) -> None:
        """Let go of files; the next use opens them again."""
        self._catalogue.close()
        self._shelf.close()
        self.nearest.close()

    def load(self, embedder: Embedder, labels: frozenset[str]) -> None:
        """Open everything that searches of a caller need, rather than beside the first of them."""
        with self.reading(embedder, labels) as reader:
            if reader is not None:
                self.nearest.load(reader.view(), reader.meta())

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
            raise damaged(self.folder / FOLDER, "blocks are missing")

        return LocalReader(connection, readable, view, self.nearest, self._beside)


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
        _check_model(meta, embedder, folder)
    return connection


def _check_model(meta: Meta, embedder: Embedder, folder: Path) -> None:
    check_model(meta.embedding, meta.dimensions, embedder, str(folder))
