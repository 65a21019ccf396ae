"""The baselines: Reciprocal Rank Fusion, and a sum of normalised scores."""

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tools.index.candidates import Candidates
from tools.index.ranking.scale import Floats, shares, spread

K = 60
"""As in the paper; it keeps the first rank of one leg from outweighing two good ranks."""
DENSE = 0.6
"""Share of the cosine in the sum of scores; 0.5 to 0.7 do as well."""

Item = TypeVar("Item", bound=Hashable)


def reciprocal(ranks: Sequence[NDArray[np.int32]]) -> Floats:
    """Sum over the legs of 1 / (60 + rank), where a rank of 0 adds nothing.

    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning
    methods, SIGIR 2009.
    """
    return np.asarray(np.sum([np.where(leg > 0, 1 / (K + leg), 0.0) for leg in ranks], axis=0))


def fuse(*rankings: Sequence[Item]) -> dict[Item, float]:
    """The same from lists, best first, in each of which an item stands once; of equal scores as they came."""
    rows = {item: row for row, item in enumerate(dict.fromkeys(chain(*rankings)))}
    if not rows:
        return {}
    ranks = [np.zeros(len(rows), np.int32) for _ in rankings]
    for leg, ranking in zip(ranks, rankings, strict=True):
        leg[[rows[item] for item in ranking]] = np.arange(1, len(ranking) + 1)
    fused, items = reciprocal(ranks), list(rows)
    return {items[row]: float(fused[row]) for row in np.argsort(-fused, kind="stable").tolist()}


def scores(candidates: Candidates) -> Floats:
    """Cosine and BM25, each normalised over the candidates of the query, weighted; 0 to 1."""
    return DENSE * spread(candidates.dense) + (1 - DENSE) * shares(candidates.sparse)
