"""The agents that every score is read beside."""

from functools import partial

from evals.cases.case import Case
from evals.cases.comparators import arguments
from evals.scorers.calls import tool_calls
from evals.scorers.goal import goal_by_writes
from evals.suites.controls import controls, gold
from evals.suites.scoring import Scoring

COMPARED = {
    "exact": {"$exact": {"$ref": 1}},
    "one": {"$one_of": [{"$number": {"value": 2, "tolerance": 1}}, 5]},
    "text": {"$text": "New York"},
    "set": {"$set": [{"$number": {"value": 1}}, "b"]},
    "ignored": {"$ignore": True},
    "optional": {"$optional": 3},
    "inside": {"a": [{"$text": "x"}]},
}


def test_the_gold_agent_makes_the_expected_calls_in_an_order_that_is_right() -> None:
    case = Case.model_validate(
        {
            "id": "a",
            "input": "x",
            "expect": {
                "calls": [
                    {"id": "last", "tool": "w", "args": {"n": 2}, "after": ["first"]},
                    {"id": "first", "tool": "w", "args": COMPARED},
                    {"tool": "w", "args": {"n": 3}, "optional": True},
                ],
                "outputs": ["1,200"],
            },
        }
    )
    run = gold(case, {"w": "write"})
    assert [call.args.get("n") for call in run.calls] == [None, 2]
    assert arguments(COMPARED).mismatch(run.calls[0].args) is None
    [passed, *_] = tool_calls(case, run)
    assert passed.passed


def test_doing_nothing_completes_only_what_asks_for_nothing() -> None:
    asks = {"calls": [{"tool": "w"}]}
    cases = [
        Case.model_validate({"id": str(at), "input": "x", "expect": expect})
        for at, expect in enumerate(
            [asks, {"outputs": ["5"]}, {"calls": []}, {"answer": {"contains": ["a"]}}]
        )
    ]
    scoring = Scoring([("calls", tool_calls)], partial(goal_by_writes, writes={"w"}), frozenset({"w"}))
    assert controls(cases, scoring, {}) == {"null": 1 / 3, "gold": 1.0, "null_passed": 2 / 4}
