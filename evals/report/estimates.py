"""Figures with their uncertainty, by case: trials of one case are not independent."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from evals.statistics.intervals import Clustered, Interval, clustered
from evals.statistics.repeats import OverCases, over_cases
from evals.statistics.repeats import pass_hat as pass_hat_of_case


class Estimate(NamedTuple):
    """A mean with its 95 % interval; the interval is None where there are too few cases for one."""

    value: float
    low: float | None
    high: float | None
    cases: int
    trials: int


def mean(by_case: Mapping[str, Sequence[float]]) -> Estimate | None:
    """Mean over all trials, with an interval from the standard error clustered by case; None without trials.

    A measure between 0 and 1 has an interval between 0 and 1.
    """
    found = _clustered(by_case)
    if found is None:
        return None
    low, high = found.interval()
    if all(0 <= value <= 1 for values in by_case.values() for value in values):
        low, high = max(low, 0.0), min(high, 1.0)
    return _estimate(found, Interval(low, high) if found.cases > 1 else None)


def share(by_case: Mapping[str, Sequence[float]]) -> Estimate | None:
    """Share of the trials that passed, with Wilson's interval on the effective number of trials."""
    found = _clustered(by_case)
    return None if found is None else _estimate(found, found.wilson())


def _clustered(by_case: Mapping[str, Sequence[float]]) -> Clustered | None:
    return clustered(list(by_case.values())) if any(by_case.values()) else None


def _estimate(found: Clustered, interval: Interval | None) -> Estimate:
    low, high = interval or (None, None)
    return Estimate(found.mean, low, high, found.cases, found.trials)


def pass_hat(by_case: Mapping[str, Sequence[bool]]) -> dict[int, OverCases]:
    """k → pass^k over the cases with at least k trials; nothing is imputed for the others."""
    counts = [(sum(trials), len(trials)) for trials in by_case.values()]
    most = max((trials for _, trials in counts), default=0)
    return {
        k: over_cases(pass_hat_of_case(passed, trials, k) for passed, trials in counts)
        for k in range(1, most + 1)
    }


def quantile(values: Sequence[float], q: float) -> float | None:
    """Quantile by linear interpolation; None without values."""
    return float(np.quantile(values, q)) if values else None
