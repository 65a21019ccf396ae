"""Test collections for retrieval: corpus, queries, judgements; cut into passages and searched in memory."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from models.text import sentences, terms
from state.errors import UsageError

PASSAGE_CHARS = 1_100
"""About 200 words, as the index cuts them."""
RRF_K = 60
"""Reciprocal Rank Fusion, Cormack, Clarke and Büttcher (SIGIR 2009)."""
BATCH = 256


@dataclass(frozen=True)
class Piece:
    """A passage of a document: `text[start:end]`."""

    document: str
    start: int
    end: int
    title: str
    text: str


@dataclass(frozen=True)
class Query:
    """A question, and what answers it: documents, or character spans of documents."""

    id: str
    text: str
    relevant: frozenset[tuple[str, int, int]]

    def answered_by(self, piece: Piece) -> bool:
        """Whether the passage belongs to a relevant document, or overlaps a relevant span of it."""
        return any(
            document == piece.document and start < piece.end and end > piece.start
            for document, start, end in self.relevant
        )


class Collection:
    """A folder with `corpus.jsonl.gz`, `queries.jsonl.gz` and `qrels.tsv`, as BEIR has them."""

    def __init__(self, folder: Path, embedder: Embedder, cache: Path | None = None) -> None:
        self.name = folder.name
        self._folder = folder
        self._embedder = embedder
        self._cache = cache

    @cached_property
    def pieces(self) -> list[Piece]:
        """The passages of the corpus."""
        return [piece for record in _records(self._folder / "corpus.jsonl.gz") for piece in _cut(record)]

    @cached_property
    def queries(self) -> list[Query]:
        """Judged queries; of SciFact the training part too."""
        found: list[Query] = []
        for part in ("", "train_"):
            if not part or (self._folder / f"{part}queries.jsonl.gz").exists():
                records = _records(self._folder / f"{part}queries.jsonl.gz")
                judged = _judgements(self._folder / f"{part}qrels.tsv")
                found += [Query(r["_id"], r["text"], judged[r["_id"]]) for r in records if r["_id"] in judged]
        return found

    def digest(self) -> str:
        """SHA-256 over the names and contents of the files."""
        seen = hashlib.sha256()
        for path in sorted(self._folder.iterdir()):
            seen.update(path.name.encode() + path.read_bytes())
        return f"sha256:{seen.hexdigest()}"

    def search(
        self, query: str, vector: NDArray[np.float32], count: int, without: Query | None = None
    ) -> list[Piece]:
        """The best passages by Reciprocal Rank Fusion of BM25 and cosine, less those that answer a query."""
        allowed = np.array([without is None or not without.answered_by(piece) for piece in self.pieces])
        ranks = np.zeros(len(self.pieces))
        for scores in (self._sparse.get_scores(terms(query)), self._vectors @ vector):
            order = np.argsort(-np.where(allowed, scores, -np.inf), kind="stable")
            ranks[order] += 1 / (RRF_K + 1 + np.arange(len(order)))
        best = np.argsort(-np.where(allowed, ranks, -np.inf), kind="stable")[:count]
        return [self.pieces[index] for index in best if allowed[index]]

    @cached_property
    def _sparse(self) -> Any:  # noqa: ANN401 - rank_bm25 has no types
        from rank_bm25 import BM25Okapi

        return BM25Okapi([terms(f"{piece.title}\n{piece.text}") for piece in self.pieces])

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        texts = [f"{piece.title}\n{piece.text}".strip() for piece in self.pieces]
        key = hashlib.sha256("\0".join([self._embedder.name, *texts]).encode()).hexdigest()
        kept = self._cache / f"{self.name}-{key[:16]}.npy" if self._cache else None
        if kept and kept.exists():
            return np.asarray(np.load(kept), np.float32)
        vectors = np.concatenate(
            [self._embedder.embed(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        )
        if kept:
            np.save(kept, vectors)
        return vectors


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(
            f"Cannot read {path}: {error}.", "Give the folder of the collections as --data."
        ) from error


def _judgements(path: Path) -> dict[str, frozenset[tuple[str, int, int]]]:
    """Relevant spans by query; a judged document counts as a whole."""
    found: dict[str, set[tuple[str, int, int]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, *rest = line.split("\t")
        start, end = map(int, rest) if len(rest) == 2 else (0, 1 << 62)
        if len(rest) == 2 or int(rest[0]) > 0:
            found.setdefault(query, set()).add((document, start, end))
    return {query: frozenset(spans) for query, spans in found.items()}


def _cut(record: dict[str, Any]) -> Iterator[Piece]:
    """Whole sentences up to PASSAGE_CHARS."""
    text, title = str(record["text"]), str(record.get("title", ""))
    for start, end in _grouped(sentences(text)):
        yield Piece(str(record["_id"]), start, end, title, text[start:end])


def _grouped(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first: int | None = None
    last = 0
    for start, end in spans:
        if first is not None and end - first > PASSAGE_CHARS:
            yield first, last
            first = None
        first = start if first is None else first
        last = end
    if first is not None:
        yield first, last
