"""The gate's decision."""

import pytest

from evals.statistics.gate import Decision, Drop, decide
from evals.statistics.intervals import Interval

CLEAR = Drop(0.2, 0.001, Interval(0.1, 0.3), 0.12, 50, 20)
NOISE = Drop(0.02, 0.3, Interval(-0.04, 0.08), 0.1, 50, 20)


@pytest.mark.parametrize(
    ("drop", "max_drop", "decision"),
    [
        (CLEAR, None, Decision.REGRESSION),
        (CLEAR, 0.15, Decision.REGRESSION),
        (CLEAR, 0.3, Decision.NO_REGRESSION),
        (NOISE, None, Decision.NO_REGRESSION),
        (NOISE, 0.1, Decision.NO_REGRESSION),
        (NOISE, 0.08, Decision.NO_REGRESSION),
        (NOISE, 0.07, Decision.CANNOT_TELL),
        (NOISE._replace(cases=4), None, Decision.CANNOT_TELL),
        (NOISE._replace(cases=4, size=-0.02), None, Decision.NO_REGRESSION),
        (NOISE._replace(changed=0), 0.0, Decision.NO_REGRESSION),
    ],
)
def test_decisions(drop: Drop, max_drop: float | None, decision: Decision) -> None:
    assert decide(drop, max_drop=max_drop).decision is decision


def test_more_measures_need_more_cases() -> None:
    small = NOISE._replace(cases=5, p=0.06)
    assert decide(small, measures=1).decision is Decision.NO_REGRESSION
    assert decide(small, measures=2).decision is Decision.CANNOT_TELL
