"""Two ways of ranking the same chunks: a stock ensemble, and fused scores averaged with the neighbours'."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from benchmarks.chunking.metrics import Piece
from models.text import terms
from tools.index.ranking.fusion import fuse

CANDIDATES = 50
"""Of each leg; also what a stock retriever is asked for, so that the budget is always filled."""
NEIGHBOURS = 0.3
"""Weight of the mean score of the chunks beside a chunk."""

Scores = NDArray[np.float64]


class Chunks(NamedTuple):
    """All chunks of a collection, those of one document beside each other."""

    pieces: list[Piece]
    texts: list[str]
    """What is embedded and indexed."""
    vectors: NDArray[np.float32]


class Ranker:
    """Both rankers over the same chunks."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._stock = BM25Okapi([text.split() for text in chunks.texts])
        self._ours = BM25Okapi([terms(text) or [""] for text in chunks.texts])

    def stock(self, query: str, vector: NDArray[np.float32]) -> list[int]:
        """As LangChain's `EnsembleRetriever` of `BM25Retriever` (words between spaces) and a vector store."""
        dense = _best(np.asarray(self._chunks.vectors @ vector, np.float64))
        return list(fuse(_best(self._stock.get_scores(query.split())), dense))

    def ours(self, query: str, vector: NDArray[np.float32], neighbours: float = NEIGHBOURS) -> list[int]:
        """The sum of both legs' scores, each scaled to 0..1 over the candidates, smoothed in the document."""
        legs = [self._ours.get_scores(terms(query)), np.asarray(self._chunks.vectors @ vector, np.float64)]
        rows = sorted({row for leg in legs for row in _best(leg)})
        total = np.sum([_scaled(leg, rows) for leg in legs], axis=0)
        smooth = {row: (1 - neighbours) * total[row] + neighbours * self._beside(total, row) for row in rows}
        return sorted(rows, key=lambda row: -smooth[row])

    def _beside(self, total: Scores, row: int) -> float:
        pieces = self._chunks.pieces
        beside = [
            total[other]
            for other in (row - 1, row + 1)
            if 0 <= other < len(pieces) and pieces[other].document == pieces[row].document
        ]
        return float(np.mean(beside)) if beside else float(total[row])


def documents(ranking: Iterable[int], pieces: Sequence[Piece]) -> list[str]:
    """The documents of ranked chunks, each as often as it has some."""
    return [pieces[row].document for row in ranking]


def _best(scores: Scores) -> list[int]:
    order: list[int] = np.argsort(-scores, kind="stable")[:CANDIDATES].tolist()
    return order


def _scaled(scores: Scores, rows: list[int]) -> Scores:
    low, high = scores[rows].min(), scores[rows].max()
    return np.asarray(np.clip((scores - low) / max(high - low, 1e-9), 0, None), np.float64)
