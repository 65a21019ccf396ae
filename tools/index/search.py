"""Finding passages: a dense and a sparse ranking of what the caller may read, fused."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from models.text import terms
from state.errors import WarrantError
from state.passage import Passage, Scores
from tools.index.catalogue import check_embedding, read_meta, reading
from tools.index.fusion import fuse
from tools.index.snapshot import EXACT_BELOW, Snapshot, best, load
from tools.index.vectors import Vectors

NOTHING = "The index is empty. Add documents to it: `warrant index add PATH`."


class UnknownSourceError(WarrantError):
    """No such source, or none that the caller may read: the two look alike."""


class Index:
    """An index open for searching. It blocks and is thread-safe; nothing is opened before the first search.

    Each search sees one consistent version of the catalogue, also while another process writes.
    """

    def __init__(self, folder: Path, embedder: Embedder, exact_below: int = EXACT_BELOW) -> None:
        self._folder = folder
        self._embedder = embedder
        self._exact_below = exact_below
        self._vectors = Vectors(folder)
        self._snapshot: Snapshot | None = None
        self._loading = Lock()

    def search(self, query: str, passages: int, candidates: int, labels: frozenset[str]) -> list[Passage]:
        """The best passages, best first.

        Args:
            query: What is looked for.
            passages: How many are returned at most.
            candidates: How many each of the two rankings gives to the fusion.
            labels: ACL labels that the caller holds; other passages take part in no ranking.

        Raises:
            UsageError: the index was made with another embedding model.
            WarrantError: the index is damaged or cannot be opened.
        """
        with reading(self._folder) as connection:
            if connection is None:
                return []
            check_embedding(read_meta(connection), self._embedder, self._folder)
            snapshot = self._current(connection)
            allowed = snapshot.allowed(labels)
            if not len(snapshot.passages) or not allowed:
                return []
            dense = self._dense(snapshot, self._embedder.embed([query])[0], candidates, allowed)
            sparse = _sparse(snapshot, terms(query), candidates, allowed)
            return _passages(connection, _scores(dense, sparse, passages))

    def source_text(self, source: str, labels: frozenset[str]) -> str:
        """The extracted text of a source, to which the offsets of its passages refer.

        Raises:
            UnknownSourceError: there is none that this caller may read.
        """
        with reading(self._folder) as connection:
            found = (
                connection
                and connection.execute(
                    """SELECT sources.text, labels FROM sources
                    JOIN label_sets ON label_sets.id = label_set WHERE source = ?""",
                    (source,),
                ).fetchone()
            )
            if not found or not set(json.loads(found[1])) <= labels:
                raise UnknownSourceError(f"There is no source {source!r}.", "See `warrant index status`.")
            return str(found[0])

    def is_empty(self) -> bool:
        """Whether there is nothing to be found, whoever asks."""
        with reading(self._folder) as connection:
            return connection is None or not connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone()

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        meta = read_meta(connection)
        with self._loading:
            if self._snapshot is None or self._snapshot.meta != meta:
                self._vectors.close()
                self._snapshot = load(connection, self._exact_below)
            return self._snapshot

    def _dense(
        self, snapshot: Snapshot, query: NDArray[np.float32], count: int, allowed: list[int]
    ) -> dict[int, float]:
        """Similarity of the nearest passages, best first."""
        if snapshot.vectors is None:
            readable = None if len(allowed) == len(snapshot.labels) else allowed
            near = self._vectors.nearest(query, count, readable)
            # Chroma may already know what this snapshot does not.
            return {one.passage: one.similarity for one in near if snapshot.holds(one.passage)}
        scores = snapshot.vectors @ query
        return _ranking(snapshot, scores, best(scores, snapshot.readable(allowed), count))


def _sparse(snapshot: Snapshot, query: Sequence[str], count: int, allowed: list[int]) -> dict[int, float]:
    """BM25 score of the best passages that have a term of the query, best first."""
    if snapshot.sparse is None:
        return {}
    scores = snapshot.sparse.get_scores(query)
    eligible = snapshot.sparse.matches(query) & snapshot.readable(allowed)
    return _ranking(snapshot, scores, best(scores, eligible, count))


def _ranking(snapshot: Snapshot, scores: NDArray[np.floating], rows: NDArray[np.int64]) -> dict[int, float]:
    return dict(zip(snapshot.passages[rows].tolist(), scores[rows].tolist(), strict=True))


def _scores(dense: dict[int, float], sparse: dict[int, float], count: int) -> dict[int, Scores]:
    """Every score of the passages that fusion puts first, in its order."""
    dense_ranks, sparse_ranks = ({one: rank for rank, one in enumerate(leg, 1)} for leg in (dense, sparse))
    fused = fuse(list(dense), list(sparse))
    return {
        one: Scores(
            dense=dense.get(one),
            dense_rank=dense_ranks.get(one),
            sparse=sparse.get(one),
            sparse_rank=sparse_ranks.get(one),
            fused=fused[one],
        )
        for one in list(fused)[:count]
    }


def _passages(connection: sqlite3.Connection, scores: dict[int, Scores]) -> list[Passage]:
    rows = connection.execute(
        f"""SELECT passages.id, passages.name, passages.text, named.source, title, start, "end",
            passages.digest, labels, changed_at, read_at
        FROM passages
        JOIN sources AS named ON named.id = passages.source
        JOIN files ON files.path = file
        JOIN label_sets ON label_sets.id = label_set
        WHERE passages.id IN ({",".join("?" * len(scores))})""",
        list(scores),
    )
    found = {
        row[0]: Passage(
            id=row[1],
            text=row[2],
            source=row[3],
            title=tuple(json.loads(row[4])),
            start=row[5],
            end=row[6],
            digest=row[7],
            labels=tuple(json.loads(row[8])),
            changed_at=row[9] or None,
            read_at=row[10] or None,
            scores=scores[row[0]],
        )
        for row in rows
    }
    return [found[one] for one in scores]
