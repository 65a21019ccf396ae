"""Fitting: one logistic regression shared by all kinds of text, and what each kind adds to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.support.data import Examples

SHARED_RIDGE = 30.0
OWN_RIDGE = 10.0
"""Chosen by crossed and left-out AUC; the latter gains from a firmer shared part."""
FOLDS = 5
STEPS = 30
PRECISION = 0.9
"""Of the claims called supported, and of those called unsupported, so many are."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """Weights on raw features."""

    weights: Floats
    bias: float

    def logits(self, x: Floats) -> Floats:
        """Of shape (n,)."""
        return np.asarray(x @ self.weights + self.bias, np.float64)

    def rescaled(self, slope: float, shift: float) -> "Linear":
        """After Platt scaling."""
        return Linear(self.weights * slope, self.bias * slope + shift)


def fit(sets: Sequence[Examples]) -> dict[str, Linear]:
    """The weights of every kind, and of `default`, which is the shared part.

    The model of Daumé ("Frustratingly easy domain adaptation", ACL 2007): features once for all sets and once
    for each. Each set weighs as much as the square root of its size.
    """
    x = np.vstack([one.x for one in sets])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    width = x.shape[1]
    design = np.zeros((len(x), (width + 1) * (len(sets) + 1)))
    ridge = np.concatenate([_ridge(width, SHARED_RIDGE), *(_ridge(width, OWN_RIDGE) for _ in sets)])
    importance, at = np.empty(len(x)), 0
    for index, one in enumerate(sets, 1):
        rows = slice(at, at + len(one.y))
        block = np.hstack([(one.x - mean) / spread, np.ones((len(one.y), 1))])
        design[rows, : width + 1] = block
        design[rows, index * (width + 1) : (index + 1) * (width + 1)] = block
        importance[rows] = len(one.y) ** -0.5
        at += len(one.y)
    importance /= importance.mean()
    solved = _newton(design, np.concatenate([one.y for one in sets]).astype(float), importance, ridge)
    parts = solved.reshape(len(sets) + 1, width + 1)
    kinds = {"default": parts[0]} | {one.kind: parts[0] + parts[i] for i, one in enumerate(sets, 1)}
    return {
        name: Linear(own[:-1] / spread, float(own[-1] - (own[:-1] / spread) @ mean))
        for name, own in kinds.items()
    }


def _ridge(width: int, strength: float) -> Floats:
    # Biases differ freely: how many claims are supported says nothing about a set's features.
    return np.concatenate([np.full(width, strength), [0.01]])


def _newton(design: Floats, target: Floats, importance: Floats, ridge: Floats) -> Floats:
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = probability(design @ weights)
        gradient = design.T @ (importance * (target - p)) - ridge * weights
        curvature = (design * (importance * p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def probability(logits: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float64)


def platt(logits: Floats, y: NDArray[np.bool_], importance: Floats | None = None) -> tuple[float, float]:
    """Slope and shift that calibrate logits which were not fitted on these examples."""
    design = np.column_stack([logits, np.ones(len(y))])
    weight = np.ones(len(y)) if importance is None else importance
    slope, shift = _newton(design, y.astype(float), weight, np.array([1e-3, 1e-3]))
    return float(slope), float(shift)


def fold_of(groups: NDArray[np.int64], folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each example; a group is in one fold."""
    order = np.random.default_rng(7).permutation(int(groups.max()) + 1)
    return np.asarray(order[groups] % folds, np.int64)


def crossed(sets: Sequence[Examples]) -> dict[str, Floats]:
    """Logits of every example by a fit that saw neither its context nor its claim."""
    folds = {one.name: fold_of(one.groups) for one in sets}
    found = {one.name: np.empty(len(one.y)) for one in sets}
    for fold in range(FOLDS):
        fitted = fit([subset(one, folds[one.name] != fold) for one in sets])
        for one in sets:
            held = folds[one.name] == fold
            found[one.name][held] = fitted[one.kind].logits(one.x[held])
    return found


def left_out(sets: Sequence[Examples]) -> dict[str, Floats]:
    """Logits of every example by the default weights of a fit on the other sets."""
    return {
        one.name: fit([other for other in sets if other is not one])["default"].logits(one.x) for one in sets
    }


def subset(one: Examples, chosen: NDArray[np.bool_]) -> Examples:
    """Some of the examples."""
    return Examples(one.name, one.digest, one.columns, one.x[chosen], one.y[chosen], one.groups[chosen])


def thresholds(scores: Floats, y: NDArray[np.bool_], precision: float = PRECISION) -> tuple[float, float]:
    """The widest outer ranges, below and above, in which so many are unsupported and supported."""
    upper = _outermost(scores, y, precision)
    lower = 1 - _outermost(1 - scores, ~y, precision)
    if lower > upper:  # both hold far inside: any cut between them does
        lower = upper = (lower + upper) / 2
    return lower, upper


def _outermost(scores: Floats, good: NDArray[np.bool_], precision: float) -> float:
    """The lowest score from which on the precision holds; 1 where it never does."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(good[order]) / np.arange(1, len(order) + 1)
    # Of a handful of examples the precision is chance.
    holds = np.flatnonzero((hits >= precision) & (np.arange(1, len(order) + 1) >= 20))
    return float(scores[order][holds[-1]]) if len(holds) else 1.0


def checked_thresholds(
    scores: Floats, y: NDArray[np.bool_], folds: NDArray[np.int64], choose: Callable[..., tuple[float, float]]
) -> NDArray[np.int64]:
    """Verdicts 1, 0 or -1 (unsure), each with thresholds chosen on the other folds."""
    found = np.full(len(y), -1)
    for fold in np.unique(folds):
        lower, upper = choose(scores[folds != fold], y[folds != fold])
        held = folds == fold
        found[held & (scores >= upper)] = 1
        found[held & (scores <= lower) & (scores < upper)] = 0
    return found
