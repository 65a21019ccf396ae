"""The gate's decision on one measure: no regression, regression, or cannot tell."""

from enum import StrEnum
from typing import NamedTuple

from evals.statistics.intervals import Interval


class Decision(StrEnum):
    """What a comparison says."""

    NO_REGRESSION = "no_regression"
    REGRESSION = "regression"
    CANNOT_TELL = "cannot_tell"


class Drop(NamedTuple):
    """How much worse the new version is on one measure; a negative drop is an improvement."""

    size: float
    p: float
    """One-sided, corrected for the number of measures."""
    interval: Interval
    """Of level 1 - 2 alpha: each of its ends is a one-sided bound of level 1 - alpha."""
    detectable: float
    """The drop that would have been found with 80 % power."""
    cases: int
    changed: int
    """Cases whose mean differs."""


class Ruling(NamedTuple):
    """A decision and the reason for it."""

    decision: Decision
    reason: str


def decide(drop: Drop, *, alpha: float = 0.05, max_drop: float | None = None, measures: int = 1) -> Ruling:
    """Decide from a drop and its uncertainty.

    A significant drop is a regression, unless it is shown to be no more than `max_drop`. Without one,
    `max_drop` asks for evidence: a drop of that size is excluded, or would have been found.
    """
    if not drop.changed:
        return Ruling(Decision.NO_REGRESSION, f"all {drop.cases} cases gave the same")
    allowed = max_drop is not None and drop.interval.high <= max_drop
    if allowed:
        return Ruling(Decision.NO_REGRESSION, f"the drop is at most {drop.interval.high:.3f}")
    if drop.p <= alpha:
        return Ruling(Decision.REGRESSION, f"a drop of {drop.size:.3f} is more than noise, p = {drop.p:.2g}")
    if drop.size > 0 and measures * 0.5**drop.cases > alpha:
        return Ruling(Decision.CANNOT_TELL, f"{drop.cases} cases are too few for any drop to be significant")
    if max_drop is not None and drop.detectable > max_drop:
        found = f"only a drop of {drop.detectable:.3f} would be found with 80 % power"
        return Ruling(Decision.CANNOT_TELL, f"{found}, and up to {drop.interval.high:.3f} is not excluded")
    return Ruling(Decision.NO_REGRESSION, "no significant drop")
