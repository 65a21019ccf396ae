"""Calibrating relevance, and what a threshold on it costs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.ranking.judged import Judged
from tools.index.ranking import probability
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import Relevance

DEPTH = 10
"""Passages of each query that are calibrated on: the best."""
PASSAGES = 6
"""Passages that a search returns, as the policy has it."""
ELSEWHERE = 0.25
"""Share of the queries asked of another collection in the weight of all."""
RIDGE = 1e-3
STEPS = 30
BINS = 10


class Seen(NamedTuple):
    """The best passages of one query, best first."""

    collection: str
    fold: int
    elsewhere: bool
    """Whether the query was asked of another collection, which has no answer."""
    signals: Floats
    """Shape (at most DEPTH, 3), as `probability` takes them."""
    relevant: NDArray[np.bool_]


def seen(judged: Judged, collection: str, fold: int, elsewhere: bool, scores: Floats) -> Seen:
    """What calibration needs of a query that has been ranked."""
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    behind = scores[order] - scores.max()
    signals = np.column_stack([behind, judged.seen[order]])
    return Seen(collection, fold, elsewhere, signals, judged.relevant()[order])


def calibrate(queries: Sequence[Seen]) -> Relevance:
    """Logistic regression by Newton's method (Platt 1999), every collection equal."""
    groups = [(one.collection, one.elsewhere) for one in queries]
    sizes = {group: groups.count(group) for group in set(groups)}
    weights = np.concatenate(
        [
            np.full(len(one.relevant), (ELSEWHERE if one.elsewhere else 1 - ELSEWHERE) / sizes[group])
            for one, group in zip(queries, groups, strict=True)
        ]
    )
    weights /= weights.sum()
    signals = np.concatenate([one.signals for one in queries])
    target = np.concatenate([one.relevant for one in queries]).astype(np.float64)
    design = np.column_stack([np.ones(len(signals)), signals])
    penalty = RIDGE * np.diag([0.0, *np.full(signals.shape[1], 1 / len(signals))])
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weights * (target - likely)) - penalty @ found
        bend = (design * (weights * likely * (1 - likely))[:, None]).T @ design + penalty
        found = found + np.linalg.solve(bend, slope)
    bias, behind, similarity, coverage = (round(float(one), 3) for one in found)
    return Relevance(bias=bias, behind=behind, similarity=similarity, coverage=coverage)


class Reliability(NamedTuple):
    """How well probabilities hold."""

    brier: float
    constant: float
    """Brier score of always saying the mean."""
    error: float
    """Expected calibration error over ten bins of equal width."""
    bins: list[tuple[float, float, int]]
    """Mean probability, share that is relevant, and number of passages, of each bin that has any."""


def reliability(probabilities: Floats, relevant: NDArray[np.bool_]) -> Reliability:
    """Compare probabilities with what was judged."""
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    bins = [
        (
            float(probabilities[place == one].mean()),
            float(relevant[place == one].mean()),
            int((place == one).sum()),
        )
        for one in range(BINS)
        if (place == one).any()
    ]
    return Reliability(
        float(((probabilities - relevant) ** 2).mean()),
        float(relevant.mean() * (1 - relevant.mean())),
        sum(abs(said - was) * count for said, was, count in bins) / len(relevant),
        bins,
    )


class Cost(NamedTuple):
    """What one threshold does."""

    threshold: float
    turned_away: int
    """Queries with a relevant passage among the first six that keep none of the relevant."""
    answerable: int
    passed: int
    """Queries of other collections that still get a passage."""
    elsewhere: int


def cost(queries: Sequence[Seen], probabilities: Sequence[Floats], threshold: float) -> Cost:
    """Count both errors of `retrieval.least_relevance`."""
    away = answerable = passed = elsewhere = 0
    for one, likely in zip(queries, probabilities, strict=True):
        kept = likely[:PASSAGES] >= threshold
        if one.elsewhere:
            elsewhere, passed = elsewhere + 1, passed + bool(kept.any())
        elif one.relevant[:PASSAGES].any():
            answerable += 1
            away += not (kept & one.relevant[:PASSAGES]).any()
    return Cost(threshold, away, answerable, passed, elsewhere)


def crossed(queries: Sequence[Seen], folds: int) -> list[Floats]:
    """Probabilities of each query by a calibration on the other folds."""
    by_fold = [calibrate([one for one in queries if one.fold != fold]) for fold in range(folds)]
    return [probability(one.signals, by_fold[one.fold]) for one in queries]
