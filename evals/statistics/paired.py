"""Two versions on the same cases: differences by case, and whether they are more than noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evals.statistics.intervals import BATCH_CELLS, RESAMPLES, Clusters, Interval, bootstrap_values

Alternative: TypeAlias = Literal["less", "greater", "two-sided"]
FLIPS = 9_999
"""Random sign flips; with 13 changed cases or fewer all of them are tried and p is exact."""
SAME = 12
"""Decimal places to which two means of a case are equal; the rest is rounding."""


class McNemar(NamedTuple):
    """Pairs of a trial of either version, by what became of them."""

    lost: int
    """Passed before, failed now."""
    gained: int
    p: float
    """Two-sided and exact: the binomial test on the discordant pairs."""


@dataclass(frozen=True)
class Paired:
    """What became of a measure from one version to the next, on the cases that both have."""

    base: float
    """The mean over cases of the mean over trials."""
    new: float
    difference: float
    """new - base."""
    se: float
    """Standard error of the difference, over cases; infinite for a single case."""
    level: float
    interval: Interval
    """Student's t on the differences by case."""
    bootstrap: Interval
    """Percentile, resampling cases."""
    p: float
    """The sign-flip test, for the alternative that was asked for."""
    t_p: float
    """The paired t test, two-sided, for comparison."""
    by_case: tuple[float, ...]
    """The differences, in the order of the cases."""

    @property
    def cases(self) -> int:
        """How many were compared."""
        return len(self.by_case)


def mcnemar(base: Sequence[bool], new: Sequence[bool]) -> McNemar:
    """The exact test of McNemar (1947) on pairs of outcomes."""
    pairs = list(zip(base, new, strict=True))
    lost = sum(before and not now for before, now in pairs)
    gained = sum(now and not before for before, now in pairs)
    return McNemar(lost, gained, _binomial(lost, gained))


def balanced(base: Clusters, new: Clusters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each case's mean in both versions, over as many trials as both have, the first ones.

    With more trials of one version than of the other the two could not be exchanged: the mean of one trial is
    skewed where that of four is less so, and a sign-flip test then alarms falsely in up to 14 % of comparisons.

    Raises:
        ValueError: the lengths differ, or a case has no trial.
    """
    if len(base) != len(new) or not all(map(len, [*base, *new])):
        raise ValueError("both versions need at least one trial of each case")
    counts = [min(len(before), len(now)) for before, now in zip(base, new, strict=True)]
    before, after = (
        np.array([np.mean(case[:count]) for case, count in zip(version, counts, strict=True)], float)
        for version in (base, new)
    )
    return before, after


def differences(base: Clusters, new: Clusters) -> NDArray[np.float64]:
    """new - base of each case's balanced mean; the cases stand in the same order."""
    before, after = balanced(base, new)
    return np.round(after - before, SAME)


def sign_flip(found: NDArray[np.float64], alternative: Alternative = "less", seed: int = 0) -> float:
    """The p value of differences by case under random exchange of the two versions (Fisher 1935).

    Exact for versions that do not differ, whatever the rates of the cases, if each case has as many trials of
    either. With one trial a case it is McNemar's exact test. Cases are the unit: what a case gains or loses may
    come from noise or from a change of behaviour.
    """
    changed = found[found != 0]
    if not len(changed):
        return 1.0
    # SciPy asks for two values; a zero more changes nothing, since its sign is the same.
    padded = changed if len(changed) > 1 else np.append(changed, 0.0)
    test = stats.permutation_test(
        (padded,),
        np.mean,
        permutation_type="samples",
        alternative=alternative,
        vectorized=True,
        n_resamples=FLIPS,
        batch=max(1, BATCH_CELLS // len(changed)),
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def compare(
    base: Clusters,
    new: Clusters,
    *,
    alternative: Alternative = "less",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Paired:
    """Compare two versions case by case; the cases stand in the same order.

    Raises:
        ValueError: the lengths differ, a case has no trial, or there is no case.
    """
    before, after = balanced(base, new)
    found = differences(base, new)
    return Paired(
        base=float(before.mean()),
        new=float(after.mean()),
        difference=float(np.round(found.mean(), SAME)),
        se=standard_error(found),
        level=level,
        interval=t_interval(found, level),
        bootstrap=bootstrap_values(found.tolist(), level, resamples, seed)[0],
        p=sign_flip(found, alternative, seed),
        t_p=t_test(found),
        by_case=tuple(found.tolist()),
    )


def standard_error(found: NDArray[np.float64]) -> float:
    """Of the mean of differences by case."""
    return float(found.std(ddof=1)) / sqrt(len(found)) if len(found) > 1 else inf


def t_interval(found: NDArray[np.float64], level: float) -> Interval:
    """Student's t on differences by case."""
    mean, se = float(found.mean()), standard_error(found)
    if se in (0, inf):
        return Interval(mean - se, mean + se)
    reach = float(stats.t.ppf((1 + level) / 2, len(found) - 1)) * se
    return Interval(mean - reach, mean + reach)


def t_test(found: NDArray[np.float64]) -> float:
    """The two-sided p value of the paired t test; 1 for no difference, 0 for one without any spread."""
    se = standard_error(found)
    if se in (0, inf):
        return 1.0 if se or not found.mean() else 0.0
    return float(2 * stats.t.sf(abs(found.mean()) / se, len(found) - 1))


def _binomial(lost: int, gained: int) -> float:
    return float(stats.binomtest(lost, lost + gained).pvalue) if lost + gained else 1.0
