"""Embedding with MiniLM, and a cache of the vectors by text: most strategies share some chunks."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import MiniLM, engine

BATCH = 256


class Cached:
    """MiniLM whose vectors are kept in a file; several processes may share it."""

    def __init__(self, folder: Path | None) -> None:
        self._model = MiniLM()
        self._path = str(folder / "vectors.db") if folder else ":memory:"
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self._path, timeout=60)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS v (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, 384), each of norm 1."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16] for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if self._get(key) is None}
        waiting = list(missing.items())
        for start in range(0, len(waiting), BATCH):
            part = waiting[start : start + BATCH]
            vectors = self._model.embed([text for _, text in part])
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(part, vectors, strict=True)]
            self._db.executemany("INSERT OR IGNORE INTO v VALUES (?, ?)", rows)
            self._db.commit()
        found = b"".join(self._get(key) or b"" for key in keys)
        return np.frombuffer(found, np.float32).reshape(len(keys), -1)

    def count_tokens(self, text: str) -> int:
        """Number of tokens without special tokens."""
        return self._model.count_tokens(text)

    def _get(self, key: bytes) -> bytes | None:
        with closing(self._db.execute("SELECT v FROM v WHERE k = ?", (key,))) as found:
            row = found.fetchone()
            return row[0] if row else None

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token."""
        found: list[tuple[int, int]] = engine().tokenizer.encode(text, add_special_tokens=False).offsets
        return found
