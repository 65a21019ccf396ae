"""Writing to an index: one writer at a time, each batch in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from tools.index.local.catalogue import Meta, legible, read_meta
from tools.index.local.fold import Folding, Sizes
from tools.index.local.graphs import Graphs
from tools.index.local.placing import Placing
from tools.index.local.shelf import Shelf
from tools.index.local.sources import Sources
from tools.index.local.staging import Staging
from tools.index.local.telling import Telling
from tools.index.local.view import Part
from tools.index.records import Entry, Finished, Known, Waiting


class LocalWriter:
    """The catalogue and the blocks, open for writing; made by the backend."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, sizes: Sizes, graphs: Graphs) -> None:
        self._folder = folder
        self._db = connection
        self._shelf = Shelf(folder)
        self._sources = Sources(connection, Placing(connection, self._parts))
        self._folding = Folding(folder, connection, self._changing, sizes)
        self._telling = Telling(folder, connection, self._transaction, graphs, sizes)
        self._staging = Staging(folder, connection, self._changing)
        self._changed = False

    def known(self, path: Path) -> Known | None:
        """What is known of a file; None if it was never indexed."""
        row = self._db.execute(
            "SELECT name, digest, given FROM files WHERE path = ?", (str(path),)
        ).fetchone()
        with legible():
            return Known(row[0], row[1], tuple(json.loads(row[2]))) if row else None

    def is_free(self, name: str) -> bool:
        """Whether no file has this name yet."""
        return not self._db.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone()

    def paths(self) -> list[Path]:
        """Every file that is known."""
        return [Path(path) for (path,) in self._db.execute("SELECT path FROM files ORDER BY path")]

    def digests(self, path: Path) -> dict[str, str]:
        """The sources of a file and their digests."""
        return dict(self._db.execute("SELECT source, digest FROM sources WHERE file = ?", (str(path),)))

    def register(self, path: Path, name: str, given: Sequence[str] = ()) -> None:
        """Take up a file, so that its sources have a name and its labels whatever happens next."""
        with self._changing():
            self._db.execute(
                "INSERT INTO files VALUES (?, ?, '', '', ?, 0, '', '')",
                (str(path), name, json.dumps(sorted(given))),
            )

    def relabel(self, path: Path, given: Sequence[str]) -> int:
        """Give a known file other labels beside those of its sources; returns how many sources changed.

        It takes effect at the next search of every process.
        """
        with self._changing():
            self._db.execute(
                "UPDATE files SET given = ? WHERE path = ?", (json.dumps(sorted(given)), str(path))
            )
            moved = self._sources.relabel(str(path), given)
        self._fold()
        return moved

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        return [Path(path) for (path,) in self._db.execute("SELECT path FROM roots ORDER BY path")]

    def set_roots(self, folders: Sequence[Path]) -> None:
        """Remember these folders instead of those that were."""
        if list(folders) == self.roots():
            return
        with self._transaction():
            self._db.execute("DELETE FROM roots")
            self._db.executemany("INSERT INTO roots VALUES (?)", [(str(folder),) for folder in folders])

    def rules(self) -> str:
        """Digest of the label rules that were applied last; empty for none."""
        return read_meta(self._db).rules

    def applied(self, rules: str) -> None:
        """Remember that every file has the labels of these rules."""
        with self._changing():
            self._db.execute("UPDATE meta SET value = ? WHERE key = 'rules'", (rules,))

    def write(self, entries: Iterable[Entry], finished: Iterable[Finished]) -> int:
        """Replace sources and close files, all or nothing; returns how many sources were removed."""
        entries, finished = list(entries), list(finished)
        seen_only = not entries and all(file.sources is None for file in finished)
        with self._transaction() if seen_only else self._changing():
            for entry in entries:
                self._sources.drop("source = ?", entry.document.source)
                self._sources.insert(entry)
            removed = sum(self._finish(file) for file in finished)
        if not seen_only:
            self._fold()
        return removed

    def forget(self, path: Path) -> int:
        """Remove a file; returns how many sources it had."""
        with self._changing():
            removed = self._sources.drop("file = ?", str(path))
            self._db.execute("DELETE FROM files WHERE path = ?", (str(path),))
        return removed

    def waiting(self, model: str, count: int) -> list[Waiting]:
        """Passages that have no vector of this model yet; none if the index was made with it."""
        return self._staging.waiting(model, count)

    def named(self, passages: Sequence[int]) -> list[Waiting]:
        """These passages, to be embedded anew."""
        rows = self._db.execute(
            "SELECT id, title, text FROM passages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(passages)),),
        )
        return [Waiting(passage, tuple(json.loads(title)), text) for passage, title, text in rows]

    def unplace(self, blocks: Sequence[int], passages: Sequence[int]) -> None:
        """Forget blocks that cannot be read, and the places of passages, which are then to be mended."""
        with self._changing():
            self._db.executemany("DELETE FROM blocks WHERE id = ?", [(number,) for number in blocks])
            self._db.executemany("DELETE FROM dead WHERE block = ?", [(number,) for number in blocks])
            self._sources.unplace(passages)
            if blocks:
                # What Chroma knows of them is no longer known.
                self._db.execute("UPDATE blocks SET told = 0")
                self._db.execute("DELETE FROM due")

    def mend(self, passages: Sequence[Waiting], vectors: NDArray[np.float32]) -> None:
        """Find these passages by what they say; they are in no place."""
        with self._changing():
            for one, vector in zip(passages, vectors, strict=True):
                self._sources.place(one, vector)
        self._fold()

    def doubt(self, sources: Sequence[int]) -> None:
        """Remove sources that are not what was read, so that the next `add` reads their files again."""
        query = "SELECT source, file FROM sources WHERE id IN (SELECT value FROM json_each(?))"
        with self._changing():
            for name, file in self._db.execute(query, (json.dumps(list(sources)),)).fetchall():
                self._db.execute("UPDATE files SET digest = '' WHERE path = ?", (file,))
                self._sources.drop("source = ?", name)

    def stage(self, model: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep vectors of another model beside those that are searched."""
        self._staging.stage(model, passages, vectors)

    def adopt(self, embedder: Embedder) -> None:
        """Search with the staged vectors from now on, all at once."""
        self._staging.adopt(embedder)

    def begin(self) -> None:
        """Clean up after a killed writer."""
        self._folding.sweep()
        self._telling.begin()

    def tell_anew(self) -> None:
        """Tell Chroma everything again, which has nothing of the index."""
        self._telling.forget()

    def settle(self) -> None:
        """Finish what a killed writer left, and put in order what was written."""
        self._fold()
        while self._folding.merge(self._meta(), self._parts(None), grown=True):
            pass
        self._telling.tell(self._parts(None))
        self._shelf.close()

    def _fold(self) -> None:
        if self._folding.fold(self._meta()) or self._changed:
            while self._folding.merge(self._meta(), self._parts(None)):
                pass

    def _meta(self) -> Meta:
        return read_meta(self._db)

    def _parts(self, label_sets: frozenset[int] | None) -> list[Part]:
        """Blocks as they are now; None for those of all label sets."""
        return self._shelf.parts(self._db, self._meta(), label_sets)

    def _finish(self, file: Finished) -> int:
        if file.error and file.sources is None:
            # What it held stays, and so does the time at which that was read.
            self._db.execute(
                "UPDATE files SET digest = ?, error = ? WHERE path = ?", (file.digest, file.error, file.path)
            )
            return 0
        self._db.execute(
            "UPDATE files SET digest = ?, error = ?, size = ?, modified = ?, read_at = ? WHERE path = ?",
            (file.digest, file.error, *file.version, now(), file.path),
        )
        if file.sources is None:
            return 0
        gone = self.digests(Path(file.path)).keys() - file.sources
        return sum(self._sources.drop("source = ?", source) for source in gone)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change of what can be found."""
        with self._transaction():
            yield
            self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
        self._changed = True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def now() -> str:
    """This moment, as the catalogue keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
