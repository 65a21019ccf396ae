"""How good a ranking is: nDCG@10 by document, the first hit, recall within 2,000 characters."""

import numpy as np

from evals.ranking.judged import Judged
from tools.index.ranking.scale import Floats

DEPTH = 10
CHARACTERS = 2_000
DISCOUNT = 1 / np.log2(np.arange(2, DEPTH + 2))


def by_unit(judged: Judged, scores: Floats) -> Floats:
    """Score of each document: of its best passage."""
    best = np.full(len(judged.gains), -np.inf)
    np.maximum.at(best, judged.unit, scores)
    return best


def ndcg(judged: Judged, scores: Floats) -> float:
    """nDCG@10 with the grades for gains, as trec_eval computes it; ties by order of the names."""
    order = np.argsort(-by_unit(judged, scores), kind="stable")[:DEPTH]
    ideal = judged.ideal[:DEPTH]
    found = float(judged.gains[order] @ DISCOUNT[: len(order)])
    return found / float(ideal @ DISCOUNT[: len(ideal)])


def hit(judged: Judged, scores: Floats) -> float:
    """1 if the best passage overlaps a judged span."""
    return float(judged.gains[judged.unit[np.argmax(scores)]] > 0)


def recall(judged: Judged, scores: Floats) -> float:
    """Share of the judged characters that stand in the first 2,000 of the passages, in their order."""
    left, held = CHARACTERS, set[tuple[int, int]]()
    for row in np.argsort(-scores, kind="stable"):
        document, start, end = judged.spans[row].tolist()
        end = min(end, start + left)
        left -= end - start
        found = judged.found[row]
        for first, last in zip(found[::2], found[1::2], strict=True):
            held |= {(document, place) for place in range(first, min(last, end))}
        if not left:
            break
    return min(1.0, len(held) / judged.characters)


def quality(judged: Judged, scores: Floats) -> float:
    """The measure of its collection: the first hit where spans are judged, else nDCG@10."""
    return hit(judged, scores) if judged.characters else ndcg(judged, scores)
