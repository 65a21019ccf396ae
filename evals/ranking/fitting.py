"""Fitting the weights: a listwise softmax over the candidates of each query, every collection equal."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evals.ranking.judged import FOLDS, Judged
from evals.ranking.measures import by_unit
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import NAMES

RIDGE = 5e-4
STEPS = 60
START = 0.5
BY_SPAN = 0.3
"""Importance of a collection whose spans are judged: its target is one passage of several that overlap."""


class _List(NamedTuple):
    """A query as the loss sees it."""

    judged: Judged
    values: Floats
    wanted: Floats
    """Share of each unit in the gains."""
    importance: float


def fit(queries: Sequence[Judged], beside: float, without: int | None = None) -> Floats:
    """Weights of the features that make the relevant units likely (ListNet, Cao et al. 2007).

    Args:
        queries: What is fitted on.
        beside: Share of the neighbours in a score.
        without: A feature whose weight stays 0.
    """
    lists = _lists(queries, beside)
    # What speaks for a passage in one corpus should not speak against it in another: only length may.
    bounds = [(None if name == "length" else 0.0, None) for name in NAMES]
    start = np.full(len(NAMES), START)
    if without is not None:
        bounds[without], start[without] = (0.0, 0.0), 0.0
    found = minimize(
        _loss, start, args=(lists,), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}
    )
    weights = np.asarray(found.x, np.float64)
    return weights / weights[[name != "length" for name in NAMES]].sum()


def crossed(queries: Sequence[Judged], beside: float, without: int | None = None) -> list[Floats]:
    """Weights for each fold, fitted on the others."""
    return [fit([one for one in queries if one.fold != fold], beside, without) for fold in range(FOLDS)]


def _lists(queries: Sequence[Judged], beside: float) -> list[_List]:
    able = [one for one in queries if one.gains.any()]
    sizes = Counter(one.collection for one in able)
    return [
        _List(
            one,
            one.mixed(beside),
            one.gains / one.gains.sum(),
            (BY_SPAN if one.characters else 1.0) / sizes[one.collection],
        )
        for one in able
    ]


def _loss(weights: Floats, lists: Sequence[_List]) -> tuple[float, Floats]:
    total, slope = RIDGE * float(weights @ weights), 2 * RIDGE * weights
    for one in lists:
        scores = one.values @ weights
        units = by_unit(one.judged, scores)
        rows = _best_rows(one.judged.unit, scores, units)
        likely = np.exp(units - units.max())
        normal = likely.sum()
        total += one.importance * float(np.log(normal) - one.wanted @ (units - units.max()))
        slope = slope + one.importance * ((likely / normal - one.wanted) @ one.values[rows])
    return total, slope


def _best_rows(unit: NDArray[np.int64], scores: Floats, units: Floats) -> NDArray[np.int64]:
    """The passage that gives each unit its score."""
    rows = np.empty(len(units), np.int64)
    best = np.flatnonzero(scores == units[unit])[::-1]
    rows[unit[best]] = best
    return rows
