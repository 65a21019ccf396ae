"""Power: how small a change a comparison can find, and how many cases it needs for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
from scipy import special

from evals.statistics.intervals import Clusters


@dataclass(frozen=True)
class Plan:
    """What a test is to achieve, in the normal approximation."""

    alpha: float = 0.05
    """Chance of a false alarm."""
    power: float = 0.8
    """Chance to find a change of the size in question."""
    sides: int = 2
    """1 for a test that looks for a drop only."""

    @property
    def threshold(self) -> float:
        """How many standard errors are significant."""
        return float(special.ndtri(1 - self.alpha / self.sides))

    @property
    def reach(self) -> float:
        """How many standard errors the true change must be, to be found with the power asked for."""
        return self.threshold + float(special.ndtri(self.power))


def detectable(se: float, plan: Plan = Plan()) -> float:
    """The smallest true change that is found with the power asked for, from its standard error."""
    return plan.reach * se


def cases_needed(sd: float, change: float, plan: Plan = Plan()) -> int | None:
    """Cases to find a change, from the standard deviation of the differences by case; None for no change."""
    if change <= 0 or sd == inf:
        return None
    return max(2, ceil((plan.reach * sd / change) ** 2))


def power(change: float, se: float, plan: Plan = Plan()) -> float:
    """The chance that a true change in the direction that is looked for is found."""
    if se == 0:
        return 1.0 if change > 0 else 0.0
    return float(special.ndtr(change / se - plan.threshold))


def curve(changes: Sequence[float], se: float, plan: Plan = Plan()) -> list[tuple[float, float]]:
    """The power for each true change."""
    return [(change, power(change, se, plan)) for change in changes]


def planned_se(variance: float, cases: int, trials: int) -> float:
    """Standard error of the paired difference to be expected where no case's rate changes."""
    return sqrt(2 * variance / (trials * cases))


def within_variance(cases: Clusters) -> float | None:
    """The mean over cases of the variance between trials, from one run; None without repeats."""
    repeated = [np.var(case, ddof=1) for case in cases if len(case) > 1]
    return float(np.mean(repeated)) if repeated else None
