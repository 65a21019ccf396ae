"""Figures with their uncertainty, by case: trials of one case are not independent."""

from collections.abc import Mapping, Sequence
from math import comb, sqrt
from statistics import NormalDist, fmean
from typing import NamedTuple

import numpy as np

Z = NormalDist().inv_cdf(0.975)


class Estimate(NamedTuple):
    """A mean with its 95 % interval; the interval is None where there are too few cases for one."""

    value: float
    low: float | None
    high: float | None
    cases: int
    trials: int


def mean(by_case: Mapping[str, Sequence[float]]) -> Estimate | None:
    """Mean over all trials, with an interval from the standard error clustered by case; None without trials.

    The sandwich estimator with the factor G / (G - 1) for G clusters (Cameron and Miller, 2015).
    """
    values = [value for trials in by_case.values() for value in trials]
    clusters = sum(1 for trials in by_case.values() if trials)
    if not values:
        return None
    centre, error = fmean(values), _clustered_error(by_case)
    if error is None:
        return Estimate(centre, None, None, clusters, len(values))
    return Estimate(centre, centre - Z * error, centre + Z * error, clusters, len(values))


def share(by_case: Mapping[str, Sequence[bool]]) -> Estimate | None:
    """Share of the trials that passed, with Wilson's interval on the effective number of trials.

    That number is what independent trials would have the same standard error, at least the number of cases.
    """
    estimate = mean({case: [float(one) for one in trials] for case, trials in by_case.items()})
    if estimate is None:
        return None
    error = _clustered_error(by_case)
    variance = estimate.value * (1 - estimate.value)
    effective = float(estimate.cases)
    if error and variance:
        effective = min(max(variance / error**2, estimate.cases), estimate.trials)
    low, high = wilson(estimate.value, effective)
    return estimate._replace(low=low, high=high)


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate of n trials; n need not be whole (Wilson, 1927)."""
    centre = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _clustered_error(by_case: Mapping[str, Sequence[float]]) -> float | None:
    clusters = [trials for trials in by_case.values() if trials]
    count = sum(map(len, clusters))
    if len(clusters) < 2:
        return None
    centre = sum(map(sum, clusters)) / count
    squares = sum(sum(value - centre for value in trials) ** 2 for trials in clusters)
    return sqrt(squares * len(clusters) / (len(clusters) - 1)) / count


def pass_hat(by_case: Mapping[str, Sequence[bool]]) -> dict[int, float]:
    """k → chance that k trials of a case all pass, unbiased: mean of C(passed, k) / C(n, k) (τ-bench, 2024).

    Up to the k for which every case has enough trials; nothing is imputed.
    """
    counts = [(sum(trials), len(trials)) for trials in by_case.values()]
    most = min((n for _, n in counts), default=0)
    return {k: fmean(comb(passed, k) / comb(n, k) for passed, n in counts) for k in range(1, most + 1)}


def quantile(values: Sequence[float], q: float) -> float | None:
    """Quantile by linear interpolation; None without values."""
    return float(np.quantile(values, q)) if values else None
