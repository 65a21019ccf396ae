"""Logistic regression over sparse rows, and over texts of which only the worst window is known to be bad."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits

from evals.gate.bags import Bags
from models.gate.ngrams.arrays import Bools, Floats
from models.gate.ngrams.model import Calibration

Doubles = NDArray[np.float64]


class Line(NamedTuple):
    """A linear model."""

    weights: Floats
    bias: float


@dataclass(frozen=True)
class Knobs:
    """How a head is trained; the defaults are those found by leaving sources out."""

    strength: float = 10.0
    """Inverse of the penalty; larger fits closer."""
    rounds: int = 3
    """How often the windows that count are chosen anew."""
    hardest: int = 3
    """Windows of a benign text that count fully."""
    sampled: float = 0.2
    """Share of the other windows of benign texts that are trained on."""
    seed: int = 0


def logistic(
    matrix: sparse.csr_array,
    labels: Bools,
    weights: Doubles,
    strength: float,
    *,
    start: Line | None = None,
    prior: Floats | None = None,
) -> Line:
    """Weighted logistic regression with an L2 penalty on all but the bias, by L-BFGS.

    `strength` is scikit-learn's `C`: what the loss counts against the penalty. The penalty is on the distance
    from `prior`, so that weights of which the data say nothing stay as they are.
    """
    whole = np.zeros(matrix.shape[1]) if prior is None else prior.astype(np.float64)
    # Columns in which nothing stands stay at the centre; L-BFGS would take most of its time for them.
    columns = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    matrix, centre = matrix[:, columns], whole[columns]
    transposed = matrix.T.tocsr()
    signs = np.where(labels, 1.0, -1.0)

    def loss(point: Doubles) -> tuple[float, Doubles]:
        margin = signs * (matrix @ point[:-1].astype(np.float32) + point[-1])
        away = point[:-1] - centre
        value = strength * float(weights @ np.logaddexp(0.0, -margin)) + 0.5 * float(away @ away)
        slope = -strength * weights * signs * expit(-margin)
        gradient = np.append(transposed @ slope.astype(np.float32) + away, slope.sum())
        return value, gradient

    origin = np.append(centre, 0.0) if start is None else np.append(start.weights[columns], start.bias)
    # On busy cores its threads wait for each other, ten times as long as they work.
    with threadpool_limits(1, user_api="blas"):
        found = minimize(loss, origin, jac=True, method="L-BFGS-B", options={"maxiter": 100, "ftol": 1e-6})
    whole[columns] = found.x[:-1]
    return Line(whole.astype(np.float32), float(found.x[-1]))


def fit(
    bags: Bags,
    matrix: sparse.csr_array,
    attacks: Bools,
    weights: Doubles,
    knobs: Knobs,
    *,
    holding: Bools | None = None,
    prior: Line | None = None,
) -> Line:
    """Learn from texts which windows are bad (multiple-instance learning, Andrews et al. 2003).

    Of an attack's windows only the worst by the model so far is trained on, since the others are whatever
    stood around it; of a benign text all are benign. Where it is known which windows hold an attack, only
    those are looked at. Texts of weight 0 are left out.
    """
    random = np.random.default_rng(knobs.seed)
    used = (weights > 0)[bags.texts]
    bad = attacks[bags.texts]
    if holding is not None:
        used &= holding | ~bad
    share = weights[bags.texts] / np.bincount(bags.texts, used, minlength=bags.size).clip(1)[bags.texts]
    chosen = np.flatnonzero(used)
    centre = None if prior is None else prior.weights
    line = prior or logistic(matrix[chosen], bad[chosen], share[chosen], knobs.strength)
    for _ in range(knobs.rounds - 1 + (prior is not None)):
        margins = matrix @ line.weights + line.bias
        order = _ranks(bags, np.where(used, margins, -np.inf))
        hard = order < np.where(bad, 1, knobs.hardest)
        rest = ~bad & ~hard & (random.random(len(bad)) < knobs.sampled)
        chosen = np.flatnonzero(used & (hard | rest))
        counts = np.where(hard, weights[bags.texts] / np.where(bad, 1, knobs.hardest), share / knobs.sampled)
        line = logistic(matrix[chosen], bad[chosen], counts[chosen], knobs.strength, start=line, prior=centre)
    return line


def _ranks(bags: Bags, margins: Floats) -> NDArray[np.int64]:
    """The rank of each window within its text, 0 for the worst."""
    order = np.lexsort((-margins, bags.texts))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(bags.starts, bags.lengths)
    return ranks


def balanced(attacks: Bools, sources: NDArray[np.str_], used: Bools) -> Doubles:
    """Weights by which both classes count the same and a source counts by the square root of its size."""
    weights = np.zeros(len(attacks))
    for label in (False, True):
        inside = used & (attacks == label)
        _, places, sizes = np.unique(sources[inside], return_inverse=True, return_counts=True)
        weights[inside] = sizes[places] ** -0.5
        weights[inside] *= 0.5 * used.sum() / max(weights[inside].sum(), 1e-9)
    return weights


def calibrated(margins: Doubles, attacks: Bools, weights: Doubles) -> Calibration:
    """The logistic curve from margins to probabilities that fits best (Platt 1999); it never falls."""
    scale = float(np.abs(margins).max()) or 1.0
    matrix = sparse.csr_array((margins / scale).reshape(-1, 1).astype(np.float32))
    # The penalty keeps the curve from becoming a step where the classes do not overlap.
    line = logistic(matrix, attacks, weights, 1.0)
    if line.weights[0] > 0:
        return Calibration(slope=float(line.weights[0]) / scale, offset=line.bias)
    odds = float(weights[attacks].sum() / max(weights[~attacks].sum(), 1e-9))
    return Calibration(slope=1e-3 / scale, offset=float(np.log(max(odds, 1e-6))))
