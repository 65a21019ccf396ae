"""Ranking: the candidates of a search in the order of a linear score, each with a calibrated relevance."""

import numpy as np
from numpy.typing import NDArray

from tools.index.candidates import Candidates, Query, Ranked
from tools.index.ranking.features import Features, features
from tools.index.ranking.fusion import reciprocal
from tools.index.ranking.kindred import beside, best_first
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import NAMES, Relevance, Weights

MOST = 30.0
"""Of a logit, either way."""


def rank(query: Query, candidates: Candidates, weights: Weights, count: int | None = None) -> list[Ranked]:
    """The candidates, best first; of equal scores the lower id. A pure function.

    Args:
        query: What is looked for.
        candidates: What the legs proposed, and what stands beside it; none is fine.
        weights: `shipped()`, or what `python -m evals.ranking` made of other data.
        count: How many; all by default.
    """
    if not len(candidates.ids):
        return []
    found = features(query, candidates)
    alone = np.stack(found, axis=1) @ _vector(weights)
    around = beside(candidates, alone)
    scores = (1 - weights.beside) * alone + weights.beside * around
    relevance = probability(signals(candidates, found, scores), weights.relevance)
    order = best_first(candidates, scores)[:count]
    fused = reciprocal([candidates.sparse_rank, candidates.dense_rank])
    columns = np.stack([column[order] for column in (fused, scores, relevance, *found, around)], 1).tolist()
    names = (*NAMES, "beside")
    return [
        Ranked(row, one[0], one[1], one[2], dict(zip(names, one[3:], strict=True)))
        for row, one in zip(order.tolist(), columns, strict=True)
    ]


def signals(candidates: Candidates, found: Features, scores: Floats) -> Floats:
    """What relevance is judged by, shape (n, 3): score behind the best, cosine, coverage."""
    behind = scores - scores.max()
    return np.stack([behind, candidates.dense.astype(np.float64), found.coverage], axis=1)


def probability(seen: NDArray[np.float64], relevance: Relevance) -> Floats:
    """Of relevance, for signals of shape (n, 3)."""
    slopes = np.array([relevance.behind, relevance.similarity, relevance.coverage])
    logits = np.clip(seen @ slopes + relevance.bias, -MOST, MOST)
    return np.asarray(1 / (1 + np.exp(-logits)))


def _vector(weights: Weights) -> Floats:
    return np.array([getattr(weights.features, name) for name in NAMES])
