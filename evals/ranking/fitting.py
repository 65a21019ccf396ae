"""Fitting the weights: a listwise softmax over the candidates of each query, every collection equal."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evals.ranking.judged import FOLDS, Judged
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import NAMES

RIDGE = 5e-4
STEPS = 60
START = 0.5
BY_SPAN = 0.3
"""Importance of a collection whose spans are judged: its target is one passage of several that overlap."""


class _Lists(NamedTuple):
    """All queries in one: rows are passages, in the order of their units and these in that of the queries."""

    values: Floats
    unit: NDArray[np.int64]
    """Of each row."""
    rows: NDArray[np.int64]
    """First row of each unit."""
    query: NDArray[np.int64]
    """Of each unit."""
    units: NDArray[np.int64]
    """First unit of each query."""
    wanted: Floats
    """Share of each unit in the gains of its query."""
    importance: Floats
    """Of each query."""


def fit(queries: Sequence[Judged], beside: float, without: int | None = None) -> Floats:
    """Weights of the features that make the relevant units likely (ListNet, Cao et al. 2007).

    Args:
        queries: What is fitted on.
        beside: Share of the neighbours in a score.
        without: A feature whose weight stays 0.
    """
    lists = _lists(queries, beside)
    # What speaks for a passage in one corpus should not speak against it in another: only length may.
    bounds: list[tuple[float | None, float | None]]
    bounds = [(None if name == "length" else 0.0, None) for name in NAMES]
    start = np.full(len(NAMES), START)
    if without is not None:
        bounds[without], start[without] = (0.0, 0.0), 0.0
    found = minimize(
        _loss, start, args=(lists,), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}
    )
    weights = np.asarray(found.x, np.float64)
    return np.asarray(weights / weights[[name != "length" for name in NAMES]].sum())


def crossed(queries: Sequence[Judged], beside: float, without: int | None = None) -> list[Floats]:
    """Weights for each fold, fitted on the others."""
    return [fit([one for one in queries if one.fold != fold], beside, without) for fold in range(FOLDS)]


def _lists(queries: Sequence[Judged], beside: float) -> _Lists:
    able = [one for one in queries if one.gains.any()]
    sizes = Counter(one.collection for one in able)
    orders = [np.argsort(one.unit, kind="stable") for one in able]
    counts = np.array([len(one.gains) for one in able])
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    unit = np.concatenate(
        [one.unit[order] + first for one, order, first in zip(able, orders, firsts, strict=True)]
    )
    return _Lists(
        values=np.concatenate([one.mixed(beside)[order] for one, order in zip(able, orders, strict=True)]),
        unit=unit,
        rows=np.searchsorted(unit, np.arange(counts.sum())),
        query=np.repeat(np.arange(len(able)), counts),
        units=firsts,
        wanted=np.concatenate([one.gains / one.gains.sum() for one in able]),
        importance=np.array(
            [(BY_SPAN if one.characters else 1.0) / sizes[one.collection] for one in able], np.float64
        ),
    )


def _loss(weights: Floats, lists: _Lists) -> tuple[float, Floats]:
    scores = lists.values @ weights
    best = np.maximum.reduceat(scores, lists.rows)
    row_of = np.empty(len(best), np.int64)
    reached = np.flatnonzero(scores == best[lists.unit])[::-1]
    row_of[lists.unit[reached]] = reached
    below = best - np.maximum.reduceat(best, lists.units)[lists.query]
    likely = np.exp(below)
    normal = np.add.reduceat(likely, lists.units)
    importance = lists.importance[lists.query]
    loss = lists.importance @ np.log(normal) - importance @ (lists.wanted * below)
    slope = (importance * (likely / normal[lists.query] - lists.wanted)) @ lists.values[row_of]
    return float(loss + RIDGE * weights @ weights), slope + 2 * RIDGE * weights
