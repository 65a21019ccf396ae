"""BM25 with the scores of `rank_bm25.BM25Okapi`, computed over the passages that hold a query term only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi


class Postings(NamedTuple):
    """Term counts of a collection, by term: those of term t lie at `starts[t]:starts[t + 1]`."""

    terms: Mapping[str, int]
    """Number of each term."""
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    """Row numbers of the passages, ascending within a term."""
    counts: NDArray[np.int32]
    lengths: NDArray[np.int64]
    """Number of terms of each passage, repeated ones counted."""


def postings(
    terms: Mapping[str, int], ids: Sequence[NDArray[np.int32]], counts: Sequence[NDArray[np.int32]]
) -> Postings:
    """Turn the terms of each passage, and how often it has them, into the passages of each term."""
    rows = np.repeat(np.arange(len(ids), dtype=np.int32), [len(one) for one in ids])
    every = np.concatenate([*ids, np.empty(0, np.int32)])
    amounts = np.concatenate([*counts, np.empty(0, np.int32)])
    order = np.argsort(every, kind="stable")
    size = max(terms.values(), default=-1) + 1
    starts = np.concatenate([[0], np.cumsum(np.bincount(every, minlength=size))]).astype(np.int64)
    lengths = np.bincount(rows, weights=amounts, minlength=len(ids)).astype(np.int64)
    return Postings(terms, starts, rows[order], amounts[order], lengths)


class Okapi(BM25Okapi):  # type: ignore[misc]  # rank_bm25 is not typed
    """BM25Okapi (k1 = 1.5, b = 0.75, epsilon = 0.25) over postings.

    The inverse document frequencies, their floor and the parameters are rank_bm25's own; what is not done is
    to look at every passage for every query term.
    """

    def __init__(self, found: Postings) -> None:
        """Take a collection of at least one passage with at least one term."""
        self._postings = found
        super().__init__(found)
        self._norms = self.k1 * (1 - self.b + self.b * found.lengths / self.avgdl)

    def _initialize(self, corpus: Postings) -> dict[str, int]:
        """Statistics that `BM25Okapi` takes from a scan: size, mean length, passages of each term."""
        self.corpus_size = len(corpus.lengths)
        self.avgdl = int(corpus.lengths.sum()) / self.corpus_size
        frequencies = np.diff(corpus.starts)
        return {term: int(frequencies[place]) for term, place in corpus.terms.items() if frequencies[place]}

    def get_scores(self, query: Sequence[str]) -> NDArray[np.float64]:
        """Score of each passage, 0 where it has no term of the query."""
        scores = np.zeros(self.corpus_size)
        for term in query:
            if term in self.idf:
                place = self._postings.terms[term]
                span = slice(self._postings.starts[place], self._postings.starts[place + 1])
                rows, counts = self._postings.rows[span], self._postings.counts[span]
                scores[rows] += self.idf[term] * counts * (self.k1 + 1) / (counts + self._norms[rows])
        return scores

    def matches(self, query: Sequence[str]) -> NDArray[np.bool_]:
        """Which passages have a term of the query; in a small collection their score may be 0 or negative."""
        found = np.zeros(self.corpus_size, bool)
        for place in (self._postings.terms[term] for term in query if term in self.idf):
            found[self._postings.rows[self._postings.starts[place] : self._postings.starts[place + 1]]] = True
        return found
