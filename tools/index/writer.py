"""Writing to an index: one writer at a time, each batch in one transaction, Chroma told afterwards."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from models.text import terms
from state.canonical import digest_text
from tools.index.catalogue import BUSY_SECONDS, FORMAT, NAME, SCHEMA, check_embedding, read_meta, reported
from tools.index.chunks import embedded
from tools.index.lock import exclusive
from tools.index.records import Entry, Finished, Known, Waiting
from tools.index.vectors import BATCH, Vectors


class Writer:
    """The catalogue and the vectors, open for writing; made by `writing`."""

    def __init__(self, connection: sqlite3.Connection, vectors: Vectors) -> None:
        self._db = connection
        self._vectors = vectors
        self._changed = False

    def known(self, path: Path) -> Known | None:
        """What is known of a file; None if it was never indexed."""
        row = self._db.execute(
            "SELECT name, digest, given FROM files WHERE path = ?", (str(path),)
        ).fetchone()
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
            rows = self._db.execute(
                "SELECT id, own, label_set FROM sources WHERE file = ?", (str(path),)
            ).fetchall()
            moved = [
                (number, source)
                for source, own, before in rows
                if (number := self._label_set(json.loads(own), given)) != before
            ]
            self._db.executemany("UPDATE sources SET label_set = ? WHERE id = ?", moved)
            inner = "SELECT id FROM passages WHERE source = ?"
            self._db.executemany(f"UPDATE legs SET label_set = ? WHERE passage IN ({inner})", moved)
            self._db.executemany(
                f"INSERT OR REPLACE INTO due SELECT id, 0 FROM passages WHERE id IN ({inner})",
                [(source,) for _, source in moved],
            )
        self._tell()
        return len(moved)

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
                self._drop("source = ?", entry.document.source)
                self._insert(entry)
            removed = sum(self._finish(file) for file in finished)
        if not seen_only:
            self._tell()
        return removed

    def forget(self, path: Path) -> int:
        """Remove a file; returns how many sources it had."""
        with self._changing():
            removed = self._drop("file = ?", str(path))
            self._db.execute("DELETE FROM files WHERE path = ?", (str(path),))
        self._tell()
        return removed

    def waiting(self, model: str, count: int) -> list[Waiting]:
        """Passages that have no vector of this model yet; none if the index was made with it."""
        if read_meta(self._db).embedding == model:
            return []
        rows = self._db.execute(
            """SELECT id, title, text FROM passages
            WHERE id NOT IN (SELECT passage FROM staged WHERE model = ?) ORDER BY id LIMIT ?""",
            (model, count),
        )
        return [Waiting(passage, tuple(json.loads(title)), text) for passage, title, text in rows]

    def stage(self, model: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep vectors of another model beside those that are searched."""
        rows = [(one, model, vector.tobytes()) for one, vector in zip(passages, vectors, strict=True)]
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO staged VALUES (?, ?, ?)", rows)

    def adopt(self, embedder: Embedder) -> None:
        """Search with the staged vectors from now on, all at once."""
        if read_meta(self._db).embedding == embedder.name:
            return
        with self._changing():
            self._db.execute(
                "UPDATE legs SET vector = (SELECT vector FROM staged WHERE staged.passage = legs.passage)"
            )
            self._db.execute("DELETE FROM staged")
            self._db.execute("DELETE FROM due")
            self._db.execute("INSERT INTO due SELECT passage, 0 FROM legs")
            for key, value in (("embedding", embedder.name), ("dimensions", embedder.dimensions)):
                self._db.execute("UPDATE meta SET value = ? WHERE key = ?", (str(value), key))
        self._vectors.clear()

    def settle(self) -> None:
        """Bring Chroma up to date with what a killed writer left, and fill it anew if it lost something."""
        if not self._changed and self._vectors.exists() and not self._one("SELECT count(*) FROM due"):
            return
        self._tell()
        if self._vectors.count() != self._one("SELECT count(*) FROM legs"):
            self._vectors.clear()
            self._db.execute("INSERT INTO due SELECT passage, 0 FROM legs")
            self._tell()

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

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

    def _drop(self, where: str, value: str) -> int:
        inner = f"SELECT id FROM sources WHERE {where}"
        passages = f"SELECT id FROM passages WHERE source IN ({inner})"
        self._db.execute(
            f"INSERT OR REPLACE INTO due SELECT id, 1 FROM passages WHERE source IN ({inner})", (value,)
        )
        self._db.execute(f"DELETE FROM legs WHERE passage IN ({passages})", (value,))
        self._db.execute(f"DELETE FROM passages WHERE source IN ({inner})", (value,))
        return self._db.execute(f"DELETE FROM sources WHERE {where}", (value,)).rowcount

    def _insert(self, entry: Entry) -> None:
        document = entry.document
        given = self._db.execute("SELECT given FROM files WHERE path = ?", (entry.file,)).fetchone()
        labels = self._label_set(document.labels, json.loads(given[0]))
        source = self._db.execute(
            """INSERT INTO sources (source, file, digest, text, own, label_set, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                *(document.source, entry.file, document.digest(), document.text),
                *(json.dumps(list(document.labels)), labels, entry.modified),
            ),
        ).lastrowid
        for chunk, vector in zip(entry.chunks, entry.vectors, strict=True):
            text = document.text[chunk.start : chunk.end]
            name = digest_text(f"{document.source}\n{chunk.start}\n{text}").removeprefix("sha256:")[:16]
            row = (name, source, json.dumps(chunk.title), chunk.start, chunk.end, digest_text(text), text)
            passage = self._db.execute(
                """INSERT INTO passages (name, source, title, start, "end", digest, text)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                row,
            ).lastrowid
            counts = Counter(terms(embedded(chunk.title, text)))
            numbers = [self._number("terms", "term", term) for term in counts]
            self._db.execute(
                "INSERT INTO legs VALUES (?, ?, ?, ?, ?)",
                (passage, labels, _blob(numbers), _blob(counts.values()), vector.tobytes()),
            )
            self._db.execute("INSERT INTO due VALUES (?, 0)", (passage,))

    def _label_set(self, own: Iterable[str], given: Iterable[str]) -> int:
        return self._number("label_sets", "labels", json.dumps(sorted({*own, *given})))

    def _number(self, table: str, column: str, value: str) -> int:
        """The number of a term or label set, a new one if it has none."""
        row = self._db.execute(f"SELECT id FROM {table} WHERE {column} = ?", (value,)).fetchone()
        if row:
            return int(row[0])
        return int(self._db.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (value,)).lastrowid or 0)

    def _finish(self, file: Finished) -> int:
        self._db.execute(
            "UPDATE files SET digest = ?, error = ?, size = ?, modified = ?, read_at = ? WHERE path = ?",
            (file.digest, file.error, *file.version, now(), file.path),
        )
        if file.sources is None:
            return 0
        gone = self.digests(Path(file.path)).keys() - file.sources
        return sum(self._drop("source = ?", source) for source in gone)

    def _tell(self) -> None:
        """Tell Chroma what is due; a kill in here is made good by the next writer."""
        query = """SELECT due.passage, gone, label_set, vector
            FROM due LEFT JOIN legs ON legs.passage = due.passage LIMIT ?"""
        while rows := self._db.execute(query, (BATCH,)).fetchall():
            if new := [row for row in rows if not row[1]]:
                vectors = np.frombuffer(b"".join(row[3] for row in new), np.float32)
                self._vectors.put(
                    [row[0] for row in new], [row[2] for row in new], vectors.reshape(len(new), -1)
                )
            if gone := [row[0] for row in rows if row[1]]:
                self._vectors.drop(gone)
            with self._transaction():
                self._db.executemany("DELETE FROM due WHERE passage = ?", [row[:1] for row in rows])
                self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'told'")


@contextmanager
def writing(folder: Path, embedder: Embedder, *, rebuild: bool = False) -> Iterator[Writer]:
    """Hold the index for writing; it is made if there is none.

    Args:
        folder: Where it lies.
        embedder: The model that makes its vectors.
        rebuild: Whether one of another model is taken too; it has to be embedded anew then.

    Raises:
        BusyError: another process holds it.
        UsageError: it was made with another embedding model.
        WarrantError: it is damaged, or the disk is full.
    """
    with reported(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with (
            exclusive(folder),
            closing(_open(folder, embedder, rebuild)) as connection,
            closing(Vectors(folder)) as vectors,
        ):
            writer = Writer(connection, vectors)
            yield writer
            writer.settle()


def _open(folder: Path, embedder: Embedder, rebuild: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / NAME, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement)
        made = {"format": FORMAT, "build": uuid4().hex, "version": 0, "told": 0, "rules": ""}
        kept = {**made, "embedding": embedder.name, "dimensions": embedder.dimensions}
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in kept.items()]
        )
    connection.execute("COMMIT")
    meta = read_meta(connection)
    if not rebuild:
        check_embedding(meta, embedder, folder)
    return connection


def now() -> str:
    """This moment, as the catalogue keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _blob(numbers: Iterable[int]) -> bytes:
    return np.fromiter(numbers, np.int32).tobytes()
