"""Failure labels, from real scores."""

from typing import Any

import pytest

from evals.cases.case import Bounds, Case, Expectation, ExpectedAnswer, ExpectedCall, ForbiddenCall
from evals.scorers.labels import labels
from evals.scorers.registry import score
from evals.trajectory import Call, Trajectory
from state.usage import Usage

WRITES = {"refund_order"}
REFUND = Call("refund_order", {"order_id": "WR-1"}, output={"refunded": 5}, effect="write")
LOOK = Call("order_status", {"order_id": "WR-1"}, output={"status": "open"}, effect="read")
HANDED = Call("transfer_to_human_agents", {"summary": "?"}, output="done")


def case(**expected: Any) -> Case:
    return Case(id="c", input="?", expect=Expectation(**expected))


def labelled(asked: Case, **run: Any) -> tuple[str, ...]:
    trajectory = Trajectory(**run)
    return labels(asked, trajectory, score(asked, trajectory), WRITES)


ONE_REFUND = case(calls=(ExpectedCall(tool="refund_order", args={"order_id": "WR-1"}),), extra="reads")


@pytest.mark.parametrize(
    ("asked", "run", "expected"),
    [
        (ONE_REFUND, {"calls": (REFUND,)}, set()),
        (ONE_REFUND, {"calls": (LOOK,)}, {"expected_write_missing", "wrong_tool"}),
        (ONE_REFUND, {"calls": ()}, {"expected_write_missing", "call_missing"}),
        (ONE_REFUND, {"calls": (REFUND, REFUND)}, {"unexpected_write"}),
        (
            ONE_REFUND,
            {"calls": (Call("refund_order", {"order_id": "WR-2"}, effect="write"),)},
            {"expected_write_missing", "unexpected_write", "wrong_argument"},
        ),
        (
            ONE_REFUND,
            {"calls": (Call("refund_order", {"order_id": "WR-2"}, error="no such order", effect="write"),)},
            {"expected_write_missing", "wrong_argument"},
        ),
        (
            case(calls=(), forbidden=(ForbiddenCall(tool="order_status"),)),
            {"calls": (LOOK,)},
            {"forbidden_call"},
        ),
        (case(outputs=("5",)), {"said": ("six",)}, {"output_not_said"}),
        (case(answer=ExpectedAnswer(contains=("5",))), {"answer": "six"}, {"wrong_answer"}),
        (
            case(outputs=("5",)),
            {"calls": (HANDED,)},
            {"output_not_said", "handed_over_early"},
        ),
        (case(outcome="answered"), {"outcome": "needs_approval"}, {"handed_over_early"}),
        (case(), {"ended": False}, {"not_ended"}),
        (case(outputs=("5",)), {"calls": (LOOK,) * 3}, {"output_not_said", "loop"}),
        (case(outputs=("5",)), {"calls": (LOOK, LOOK, REFUND, LOOK)}, {"output_not_said"}),
        (
            case(bounds=Bounds(model_calls=1)),
            {"usage": Usage(model_calls=2)},
            {"budget"},
        ),
        (case(outcome="answered"), {"outcome": "refused"}, {"gate"}),
        (case(outcome="answered"), {"outcome": "failed"}, {"other"}),
    ],
)
def test_a_failure_gets_every_label_that_fits(asked: Case, run: dict[str, Any], expected: set[str]) -> None:
    assert set(labelled(asked, **run)) == expected


def test_a_schema_that_is_broken() -> None:
    asked = Case(id="c", input="?", answer_schema={"type": "object"})
    assert labelled(asked, answer={"text": "5", "claims": [], "data": 5}) == ("schema",)


def test_an_advisory_score_labels_nothing() -> None:
    asked = case(outputs=("5",))
    run = Trajectory()
    advisory = [one.model_copy(update={"gates": False}) for one in score(asked, run)]
    assert labels(asked, run, advisory) == ()
