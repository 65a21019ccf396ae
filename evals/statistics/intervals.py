"""Intervals for rates and means, also where trials of one case belong together.

A cluster is a case: the sequence of its trials' values. Trials of one case resemble each other, so that
200 trials of 50 cases say less than 200 cases would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Clusters: TypeAlias = Sequence[Sequence[float]]
Statistic: TypeAlias = Callable[..., NDArray[np.float64]]
RESAMPLES = 10_000
BATCH_CELLS = 2_000_000
"""Resampled values held in memory at once."""


class Interval(NamedTuple):
    """From low to high."""

    low: float
    high: float


@dataclass(frozen=True)
class Clustered:
    """A mean over trials, and how sure it is when the trials of a case belong together."""

    mean: float
    cases: int
    trials: int
    se: float
    """Clustered standard error of Miller (2024), "Adding Error Bars to Evals", with the factor C/(C-1)."""
    se_uncorrected: float
    """The same without the factor, as in the paper."""
    se_iid: float
    """What it would be if every trial were a case of its own."""
    icc: float
    """Intraclass correlation, by analysis of variance; 1 where no value differs."""

    @property
    def design_effect(self) -> float:
        """By how much the trials of a case being alike inflates the variance (Kish 1965); at least 1."""
        return 1 + (self.trials / self.cases - 1) * max(self.icc, 0.0)

    @property
    def effective_n(self) -> float:
        """The number of independent trials that would say as much."""
        return self.trials / self.design_effect

    def interval(self, level: float = 0.95) -> Interval:
        """Student's t with C-1 degrees of freedom; infinite for a single case."""
        if self.cases < 2:
            return Interval(-inf, inf)
        reach = float(stats.t.ppf((1 + level) / 2, self.cases - 1)) * self.se
        return Interval(self.mean - reach, self.mean + reach)

    def wilson(self, level: float = 0.95) -> Interval:
        """Wilson's interval on the effective n: for rates, also near 0 and 1."""
        return wilson(self.mean * self.effective_n, self.effective_n, level)


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """The score interval of Wilson (1927); n need not be whole. All of [0, 1] for n = 0."""
    if not 0 <= successes <= n * (1 + 1e-12):
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    share, z = min(successes / n, 1.0), float(special.ndtri((1 + level) / 2))
    middle = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


def clustered(cases: Clusters) -> Clustered:
    """The mean over all trials with its clustered standard error; cases without trials are left out.

    Raises:
        ValueError: there is no trial.
    """
    sums, sizes = _sums(cases)
    count, n = len(sizes), float(sizes.sum())
    mean = float(sums.sum() / n)
    squares = sum(float(np.sum((np.asarray(case, float) - mean) ** 2)) for case in cases)
    se = float(np.linalg.norm(sums - sizes * mean)) / n
    return Clustered(
        mean=mean,
        cases=count,
        trials=int(n),
        se=se * sqrt(count / (count - 1)) if count > 1 else inf,
        se_uncorrected=se,
        se_iid=sqrt(squares / (n - 1) / n) if n > 1 else inf,
        icc=_icc(sums, sizes, squares),
    )


def bootstrap(
    cases: Clusters, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Interval, float]:
    """Percentile interval and standard error of the mean over trials, resampling whole cases."""
    sums, sizes = _sums(cases)

    def mean(sums: NDArray[np.float64], sizes: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))

    return resampled((sums, sizes), mean, level, resamples, seed)


def bootstrap_values(
    values: Sequence[float], level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Interval, float]:
    """The same for the mean of one value a case, such as its pass^k."""
    return resampled((np.asarray(values, float),), np.mean, level, resamples, seed)


def resampled(
    samples: tuple[NDArray[np.float64], ...], statistic: Statistic, level: float, resamples: int, seed: int
) -> tuple[Interval, float]:
    """Percentile bootstrap over cases; a single case gives no more than its value.

    Raises:
        ValueError: there is no case.
    """
    if len(samples[0]) < 2:
        only = float(statistic(*samples, axis=-1)) if len(samples[0]) else float("nan")
        if np.isnan(only):
            raise ValueError("there is nothing to resample")
        return Interval(only, only), 0.0
    found = stats.bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=level,
        n_resamples=resamples,
        batch=max(1, BATCH_CELLS // len(samples[0])),
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return Interval(float(low), float(high)), float(found.standard_error)


def _sums(cases: Clusters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    filled = [np.asarray(case, float) for case in cases if len(case)]
    if not filled:
        raise ValueError("there is no trial")
    return np.array([case.sum() for case in filled]), np.array([float(len(case)) for case in filled])


def _icc(sums: NDArray[np.float64], sizes: NDArray[np.float64], squares: float) -> float:
    """One-way random effects, ICC(1) of Shrout and Fleiss (1979), for cases of unequal size too."""
    count, n = len(sizes), float(sizes.sum())
    between = float(np.sum((sums - sizes * sums.sum() / n) ** 2 / sizes))
    if count < 2 or n == count or squares <= 1e-12:
        return 1.0
    size = (n - float(np.sum(sizes**2)) / n) / (count - 1)
    among, within = between / (count - 1), max(squares - between, 0.0) / (n - count)
    return (among - within) / (among + (size - 1) * within)
