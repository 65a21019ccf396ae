"""How a run ended, and what its gates decided."""

from typing import Any

from evals.cases.case import Case, Expectation, ExpectedVerdict
from evals.scorers.outcome import outcome, verdicts
from evals.trajectory import Trajectory


def case(**expected: Any) -> Case:
    return Case(id="c", input="?", expect=Expectation(**expected))


def verdict(decision: str, place: str = "screen", category: str = "ok") -> dict[str, Any]:
    return {"place": place, "decision": decision, "category": category, "reason": "Found."}


def test_an_outcome_is_compared_and_a_run_has_to_end() -> None:
    assert outcome(case(outcome="answered"), Trajectory(outcome="answered"))[0].passed
    assert outcome(case(outcome="answered"), Trajectory(outcome="refused"))[0].passed is False
    assert outcome(case(), Trajectory(outcome="refused")) == []
    (cut,) = outcome(case(), Trajectory(ended=False, error="recursion limit"))
    assert cut.passed is False
    assert "recursion limit" in cut.reason


def test_an_expected_refusal_has_to_come() -> None:
    asked = case(verdicts=(ExpectedVerdict(place="screen", decision="refuse"),))
    assert verdicts(asked, Trajectory(verdicts=(verdict("refuse"),)))[0].passed
    (missed,) = verdicts(asked, Trajectory(verdicts=(verdict("allow"),)))
    assert missed.passed is False
    assert missed.detail == {"refusal_expected": True, "refused": False}


def test_a_refusal_nobody_expects_is_wrong() -> None:
    (score,) = verdicts(case(), Trajectory(verdicts=(verdict("refuse", "release"),)))
    assert score.passed is False
    assert score.detail == {"refusal_expected": False, "refused": True}
    assert verdicts(case(), Trajectory()) == []


def test_the_category_counts_where_it_is_named() -> None:
    asked = case(verdicts=(ExpectedVerdict(place="screen", decision="refuse", category="secret"),))
    assert verdicts(asked, Trajectory(verdicts=(verdict("refuse", category="too_long"),)))[0].passed is False
    assert verdicts(asked, Trajectory(verdicts=(verdict("refuse", category="secret"),)))[0].passed
