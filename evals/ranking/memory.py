"""A test collection searched in memory: what the index would propose for a query, without its files."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array

from models.embeddings.names import Embedder
from models.text import terms
from state.errors import UsageError
from tools.index.analysis import analysed
from tools.index.candidates import Candidates, Query
from tools.index.chunks import approximate, cut, embedded
from tools.index.formats import jsonl
from tools.index.sparse import Okapi

BATCH = 1_024


class Piece(NamedTuple):
    """A passage of a document: its characters from `start` to `end`."""

    document: int
    """Into the names of the documents."""
    position: int
    start: int
    end: int
    title: tuple[str, ...]
    text: str


class Memory:
    """The passages of `corpus.jsonl.gz`, as the index cuts, embeds and counts them."""

    def __init__(self, corpus: Path, embedder: Embedder, cache: Path | None = None) -> None:
        """Read and embed a corpus; `cache` is a folder that keeps the vectors of each.

        Raises:
            UsageError: the corpus is missing or damaged.
        """
        self.documents: list[str] = []
        self.pieces: list[Piece] = []
        self._read(corpus, embedder)
        texts = [embedded(piece.title, piece.text) for piece in self.pieces]
        self.vectors = _embed(texts, embedder, cache)
        self._numbers: dict[str, int] = {}
        words = [analysed(piece.title, piece.text) for piece in self.pieces]
        self._terms = [self._numbered(one.terms) for one in words]
        self._title_terms = np.array([one.title_terms for one in words], np.int32)
        self._sources = np.array([piece.document for piece in self.pieces], np.int64)
        self._positions = np.array([piece.position for piece in self.pieces], np.int32)
        self._lengths = np.array([len(one) for one in self._terms])
        self._counts = csc_array(self._counted())
        frequencies = np.diff(self._counts.indptr)
        self.okapi = Okapi(len(self.pieces), int(self._lengths.sum()), frequencies)
        self._idf = self.okapi.idf(frequencies)

    def query(self, text: str, vector: NDArray[np.float32]) -> Query:
        """A question as this collection sees it."""
        numbers = np.array([self._numbers.get(term, 0) for term in terms(text)], np.int32)
        return Query(text, vector, numbers, self._idf[numbers])

    def candidates(self, query: Query, count: int, without: NDArray[np.int64] | None = None) -> Candidates:
        """The best `count` passages of each leg and those beside them; `without` are rows left out."""
        sparse, matches = self._scores(query)
        dense = self.vectors @ query.vector
        allowed = np.ones(len(self.pieces), bool)
        if without is not None:
            allowed[without] = False
        legs = best(sparse, matches & allowed, count), best(dense, allowed, count)
        proposed = np.unique(np.concatenate(legs))
        beside = np.concatenate([proposed - 1, proposed, proposed + 1])
        beside = beside.clip(0, len(self.pieces) - 1)
        same = self._sources[beside] == np.tile(self._sources[proposed], 3)
        rows = np.unique(beside[same & allowed[beside]])
        ranks = np.zeros((2, len(self.pieces)), np.int32)
        for leg, found in enumerate(legs):
            ranks[leg, found] = np.arange(1, len(found) + 1)
        return Candidates(
            ids=rows.astype(np.int64),
            sources=self._sources[rows],
            positions=self._positions[rows],
            sparse=sparse[rows],
            dense=dense[rows],
            sparse_rank=ranks[0, rows],
            dense_rank=ranks[1, rows],
            vectors=self.vectors[rows],
            terms=[self._terms[row] for row in rows],
            title_terms=self._title_terms[rows],
            mean_length=self.okapi.mean_length,
            idf=lambda numbers: self._idf[numbers],
        )

    def _counted(self) -> coo_array:
        """How often each term stands in each passage."""
        rows = np.repeat(np.arange(len(self.pieces)), self._lengths)
        shape = (len(self.pieces), len(self._numbers) + 1)
        return coo_array((np.ones(len(rows), np.int64), (rows, np.concatenate(self._terms))), shape)

    def _scores(self, query: Query) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """BM25 scores, and which passages have a term of the query."""
        scores, matches = np.zeros(len(self.pieces)), np.zeros(len(self.pieces), bool)
        for term, idf in zip(query.terms.tolist(), query.idf.tolist(), strict=True):
            span = slice(self._counts.indptr[term], self._counts.indptr[term + 1])
            rows, counts = self._counts.indices[span], self._counts.data[span]
            scores[rows] += self.okapi.weights(idf, counts, self._lengths[rows])
            matches[rows] = True
        return scores, matches

    def _read(self, corpus: Path, embedder: Embedder) -> None:
        count = getattr(embedder, "count_tokens", approximate)
        try:
            for found in jsonl.read(corpus, corpus.parent.name):
                if isinstance(found, tuple):
                    continue  # the index reports and skips it
                self.documents.append(found.source.partition("#")[2])
                for position, chunk in enumerate(cut(found, count)):
                    text = found.text[chunk.start : chunk.end]
                    number = len(self.documents) - 1
                    self.pieces.append(Piece(number, position, chunk.start, chunk.end, chunk.title, text))
        except OSError as error:
            raise UsageError(
                f"Cannot read {corpus}: {error}.", "Give the folder of the collections as --data."
            ) from error

    def _numbered(self, words: list[str]) -> NDArray[np.int32]:
        known = self._numbers
        return np.array([known.setdefault(term, len(known) + 1) for term in words], np.int32)


def best(scores: NDArray[np.floating], eligible: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """The eligible rows of the highest scores, best first; of equal scores the earlier row first."""
    rows = np.flatnonzero(eligible)
    if len(rows) > count:
        # What ties with the last one stays in, so that the sort decides which of them is taken.
        limit = np.partition(scores[rows], -count)[-count]
        rows = rows[scores[rows] >= limit]
    return rows[np.argsort(-scores[rows], kind="stable")][:count]


def _embed(texts: list[str], embedder: Embedder, cache: Path | None) -> NDArray[np.float32]:
    key = hashlib.sha256("\0".join([embedder.name, *texts]).encode()).hexdigest()
    kept = cache / f"{key[:16]}.npy" if cache else None
    if kept and kept.exists():
        return np.asarray(np.load(kept), np.float32)
    vectors = np.concatenate([embedder.embed(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
    if kept:
        np.save(kept, vectors)
    return vectors
