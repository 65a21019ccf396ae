"""What other candidates say of one: those nearest to it, the best of all, and those beside it."""

import numpy as np
from numpy.typing import NDArray

from tools.index.candidates import Candidates
from tools.index.ranking.scale import Floats
from tools.index.similarity import each_to_each

SEEDS = 20
"""The best candidates of the first pass, whose scores their kindred share in."""
NEAREST = 5
"""Seeds that a candidate takes its graph score from."""


def best_first(candidates: Candidates, scores: Floats) -> NDArray[np.intp]:
    """All rows, the highest score first; of equal ones the lower id."""
    return np.lexsort((candidates.ids, -scores))


def breadth(candidates: Candidates, first: Floats) -> float:
    """How far the best candidates lie apart: 0 if all are of one source, 1 if each is of another.

    Likeness between documents on one subject is evidence of relevance. Within one long document everything is
    alike, so that it tells little of which passage answers.
    """
    seeds = best_first(candidates, first)[:SEEDS]
    return (len(np.unique(candidates.sources[seeds])) - 1) / (len(seeds) - 1) if len(seeds) > 1 else 0.0


def graph(candidates: Candidates, first: Floats) -> Floats:
    """Mean first-pass score of the NEAREST of the SEEDS to each candidate, itself apart, by cosine.

    Documents that lie near each other tend to be relevant to the same requests (van Rijsbergen 1979); only
    the best are compared with, since all pairs would cost more than the search.
    """
    seeds = best_first(candidates, first)[:SEEDS]
    similarity = np.maximum(each_to_each(candidates.vectors, candidates.vectors[seeds]), 0).astype(np.float64)
    similarity[seeds, np.arange(len(seeds))] = 0
    if len(seeds) > NEAREST:
        limit = np.partition(similarity, -NEAREST, axis=1)[:, -NEAREST, None]
        similarity[similarity < limit] = 0
    shared = np.einsum("ij,j->i", similarity, first[seeds])
    return np.asarray(shared / np.maximum(similarity.sum(1), 1e-9))


def following(candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of passages and, aligned, of those that directly follow them in the same source."""
    order = np.lexsort((candidates.positions, candidates.sources))
    sources, positions = candidates.sources[order], candidates.positions[order]
    follows = (sources[1:] == sources[:-1]) & (positions[1:] == positions[:-1] + 1)
    return order[:-1][follows], order[1:][follows]


def beside(candidates: Candidates, scores: Floats) -> Floats:
    """Mean score of the passages directly before and after in the same source; without one, its own."""
    before, after = following(candidates)
    total, count = np.zeros(len(scores)), np.zeros(len(scores))
    total[after] += scores[before]
    total[before] += scores[after]
    count[after] += 1
    count[before] += 1
    return np.where(count > 0, total / np.maximum(count, 1), scores)
