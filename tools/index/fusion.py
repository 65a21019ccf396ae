"""Reciprocal Rank Fusion."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

K = 60
"""As in the paper; it keeps the first rank of one leg from outweighing two good ranks."""

Item = TypeVar("Item", bound=Hashable)


def fuse(*rankings: Sequence[Item]) -> dict[Item, float]:
    """Score of each item, best first: the sum over the rankings of 1 / (60 + its rank there).

    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning
    methods, SIGIR 2009.
    """
    scores: dict[Item, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (K + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))
