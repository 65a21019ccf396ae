"""Another embedding model: its vectors wait beside those that are searched, and take their place at once."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from tools.index.local import blocks
from tools.index.local.catalogue import Meta, read_meta
from tools.index.local.columns import Column, mapped, sync_folder
from tools.index.records import Waiting

ROWS = 4_096


class Staging:
    """The vectors of the next embedding model."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        changing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._folder = folder
        self._db = connection
        self._changing = changing

    def waiting(self, model: str, count: int) -> list[Waiting]:
        """Passages that have no vector of this model yet; none if the index was made with it."""
        if read_meta(self._db).embedding == model:
            return []
        # They are staged by their ids, and new passages have greater ones.
        rows = self._db.execute(
            """SELECT id, title, text FROM passages
            WHERE id > (SELECT coalesce(max(passage), 0) FROM staged WHERE model = ?) ORDER BY id LIMIT ?""",
            (model, count),
        )
        return [Waiting(passage, tuple(json.loads(title)), text) for passage, title, text in rows]

    def stage(self, model: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep vectors, in the order in which they were waiting."""
        rows = [
            (one, model, vector.astype(np.float32).tobytes())
            for one, vector in zip(passages, vectors, strict=True)
        ]
        self._db.execute("BEGIN IMMEDIATE")
        # Those of a third model, whose rebuild was given up.
        self._db.execute("DELETE FROM staged WHERE model != ?", (model,))
        self._db.executemany("INSERT OR REPLACE INTO staged VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def adopt(self, embedder: Embedder) -> None:
        """Search with the staged vectors from now on, all at once."""
        meta = read_meta(self._db)
        if meta.embedding == embedder.name:
            return
        every = self._db.execute("SELECT id, folder, digests FROM blocks").fetchall()
        written = []
        for number, folder, digests in every:
            kept = {name: one for name, one in json.loads(digests).items() if not name.startswith("vectors.")}
            written.append((json.dumps({**kept, **self._write(folder, meta, embedder)}), number))
        with self._changing():
            self._db.executemany("UPDATE blocks SET digests = ?, told = 0 WHERE id = ?", written)
            self._db.execute(
                "UPDATE legs SET vector = (SELECT vector FROM staged WHERE staged.passage = legs.passage)"
            )
            self._db.execute("DELETE FROM staged")
            self._db.execute("DELETE FROM due")
            changes = {
                "embedding": embedder.name,
                "dimensions": embedder.dimensions,
                "generation": meta.generation + 1,
            }
            self._db.executemany(
                "UPDATE meta SET value = ? WHERE key = ?",
                [(str(value), key) for key, value in changes.items()],
            )
        for _, folder, _ in every:
            (self._folder / blocks.FOLDER / folder / blocks.vectors_name(meta.generation)).unlink(
                missing_ok=True
            )

    def _write(self, folder: str, meta: Meta, embedder: Embedder) -> dict[str, str]:
        """Write the new vectors of a block beside the old ones; returns the digest of the file."""
        place = self._folder / blocks.FOLDER / folder
        name = blocks.vectors_name(meta.generation + 1)
        column = Column(place / name, np.float32, embedder.dimensions)
        ids = mapped(place / "ids.npy")
        for start in range(0, len(ids), ROWS):
            column.add(self._staged(ids[start : start + ROWS], embedder.dimensions))
        digest = column.close()
        sync_folder(place)
        return {name: digest}

    def _staged(self, ids: NDArray[np.int64], dimensions: int) -> NDArray[np.float32]:
        """The staged vectors; zeros for passages that are no longer there."""
        found = dict(self._vectors(ids))
        empty = np.zeros(dimensions, np.float32).tobytes()
        joined = b"".join(found.get(one, empty) for one in ids.tolist())
        return np.frombuffer(joined, np.float32).reshape(len(ids), dimensions)

    def _vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[int, bytes]]:
        query = "SELECT passage, vector FROM staged WHERE passage IN (SELECT value FROM json_each(?))"
        yield from self._db.execute(query, (json.dumps(ids.tolist()),))
