from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case, Expectation, ExpectedCall, ForbiddenCall
from evals.scorers.calls import tool_calls
from evals.scores import Score
from evals.trajectory import Call, Trajectory


def scored(expect: Expectation, *calls: Call) -> dict[str, Score]:
    found = tool_calls(Case(id="c", input="?", expect=expect), Trajectory(calls=calls))
    return {score.name: score for score in found}


def verdicts(scores: dict[str, Score]) -> list[tuple[Any, Any, str]]:
    return [(one["expected"], one["actual"], one["verdict"]) for one in scores["tool_calls"].detail["calls"]]


def f(x: Any, **more: Any) -> Call:
    return Call("f", {"x": x}, **more)


def expect(*xs: Any, **more: Any) -> Expectation:
    return Expectation(calls=tuple(ExpectedCall(tool="f", args={"x": x}) for x in xs), **more)


def test_an_agent_that_did_nothing_fails_where_calls_are_expected() -> None:
    scores = scored(expect(1))
    assert scores["tool_calls"].passed is False
    assert scores["tool_calls_recall"].value == 0
    assert scores["tool_calls_f1"].value == 0
    assert scores["tool_calls_precision"].value is None
    assert verdicts(scores) == [(0, None, "missing")]


def test_an_agent_that_did_nothing_passes_where_none_are_expected() -> None:
    scores = scored(expect())
    assert scores["tool_calls"].passed is True
    assert scores["tool_calls"].reason == "no call was expected and none was made"
    assert [scores[f"tool_calls_{name}"].value for name in ("precision", "recall", "f1")] == [None] * 3
    assert scored(expect(), f(1))["tool_calls"].passed is False


def test_where_nothing_is_said_of_calls_nothing_is_scored() -> None:
    assert scored(Expectation(), f(1)) == {}


def test_each_call_is_explained() -> None:
    wanted = Expectation(
        calls=(
            ExpectedCall(tool="f", args={"x": 1}),
            ExpectedCall(tool="f", args={"x": {"$number": {"value": 2, "tolerance": 0.5}}, "y": [1]}),
            ExpectedCall(tool="g", args={"z": "a"}),
            ExpectedCall(tool="k"),
            ExpectedCall(tool="m", optional=True),
        ),
        forbidden=(ForbiddenCall(tool="delete_all"), ForbiddenCall(tool="k", args={"now": True})),
        extra_tools=("look",),
    )
    scores = scored(
        wanted,
        Call("f", {"x": 2.4, "y": [2]}),
        f(1),
        Call("h", {"z": "a"}),
        Call("look", {}),
        Call("delete_all", {}),
        Call("extra", {"b": True}),
        Call("k", {"now": True, "all": 1}),
    )
    assert verdicts(scores) == [
        (0, 1, "matched"),
        (1, 0, "wrong_argument"),
        (2, 2, "wrong_tool"),
        (3, 6, "wrong_argument"),
        (None, 4, "forbidden"),
        (None, 6, "forbidden"),
        (None, 3, "allowed_extra"),
        (None, 5, "extra"),
    ]
    assert scores["tool_calls"].reason == (
        "1 of 5 calls matched; "
        "f was called with other arguments: /y/0: expected 1, got 2; "
        "h was called in place of g; "
        "k was called with other arguments: /now: expected nothing, got true; "
        "delete_all({}) must not be called; "
        'k({"now": true, "all": 1}) must not be called; '
        'extra({"b": true}) was not expected'
    )
    assert scores["tool_calls_precision"].value == 1 / 6
    assert scores["tool_calls_recall"].value == 1 / 4
    assert scores["forbidden_calls"].passed is False
    assert scores["forbidden_calls"].value == 0


def test_a_forbidden_call_fails_though_all_else_is_right() -> None:
    wanted = expect(1, extra="any", forbidden=(ForbiddenCall(tool="delete_all"),))
    assert scored(wanted, f(1), Call("g", {}))["tool_calls"].passed is True
    assert scored(wanted, f(1), Call("g", {}))["forbidden_calls"].passed is True
    scores = scored(wanted, f(1), Call("delete_all", "{"))
    assert scores["tool_calls"].passed is False
    assert scores["forbidden_calls"].passed is False


@pytest.mark.parametrize(
    ("extra", "effect", "passed"),
    [
        ("none", "read", False),
        ("reads", "read", True),
        ("reads", "write", False),
        ("reads", None, False),
        ("any", "outward", True),
    ],
)
def test_what_is_allowed_besides(extra: Any, effect: Any, passed: bool) -> None:
    scores = scored(expect(1, extra=extra), f(1), f(2, effect=effect))
    assert scores["tool_calls"].passed is passed
    assert scores["tool_calls_precision"].value == (1.0 if passed else 0.5)


def test_a_call_in_the_wrong_order_is_found() -> None:
    wanted = Expectation(
        calls=(
            ExpectedCall(id="look", tool="look"),
            ExpectedCall(tool="buy", after=("look",)),
        )
    )
    assert scored(wanted, Call("look", {}, turn=1), Call("buy", {}, turn=2))["tool_calls"].passed is True
    scores = scored(wanted, Call("buy", {}, turn=1), Call("look", {}, turn=2))
    assert scores["tool_calls"].passed is False
    assert sorted(verdict for *_, verdict in verdicts(scores)) == ["matched", "out_of_order"]
    assert "out of order" in scores["tool_calls"].reason
    together = scored(wanted, Call("buy", {}, turn=1), Call("look", {}, turn=1))
    assert together["tool_calls"].passed is False


def test_an_optional_call_may_be_left_out_and_costs_nothing() -> None:
    wanted = Expectation(calls=(ExpectedCall(tool="f", args={"x": 1}), ExpectedCall(tool="g", optional=True)))
    assert scored(wanted, f(1))["tool_calls"].passed is True
    both = scored(wanted, f(1), Call("g", {}))
    assert both["tool_calls"].passed is True
    assert both["tool_calls_f1"].value == 1


@pytest.mark.parametrize("args", ['{"x": 1', "", None, [], {"x": object()}])
def test_malformed_arguments_never_crash(args: Any) -> None:
    scores = scored(expect(1, forbidden=(ForbiddenCall(tool="f", args={"x": 2}),)), Call("f", args))
    assert scores["tool_calls"].passed is False
    assert verdicts(scores) == [(0, 0, "wrong_argument")]


numbers = st.lists(st.integers(0, 2), max_size=6)


@given(numbers, numbers, st.integers(0, 6))
def test_an_unexpected_call_never_raises_precision(xs: list[int], called: list[int], at: int) -> None:
    calls = [f(x) for x in called]
    before = scored(expect(*xs), *calls)["tool_calls_precision"].value
    after = scored(expect(*xs), *calls[:at], f("unexpected"), *calls[at:])["tool_calls_precision"].value
    assert after is not None
    assert before is None or after <= before


@given(numbers, numbers, st.integers(0, 6), st.data())
def test_a_correct_call_never_lowers_recall(
    xs: list[int], called: list[int], at: int, data: st.DataObject
) -> None:
    x = data.draw(st.sampled_from(xs)) if xs else 0
    calls = [f(y, turn=turn) for turn, y in enumerate(called)]
    wanted = Expectation(
        calls=tuple(
            ExpectedCall(id=str(i), tool="f", args={"x": y}, after=(str(i - 1),) if i and i % 2 else ())
            for i, y in enumerate(xs)
        )
    )
    before = scored(wanted, *calls)["tool_calls_recall"].value
    late = [f(y.args["x"], turn=y.turn + 1) for y in calls[at:]]
    after = scored(wanted, *calls[:at], f(x, turn=at), *late)["tool_calls_recall"].value
    assert (before is None and after is None) or after >= before  # type: ignore[operator]


@given(st.permutations([0, 1, 1, 2, "a"]), st.permutations([0, 1, 2, 2, "b"]))
def test_neither_list_has_an_order_where_none_is_asked_for(xs: list[Any], called: list[Any]) -> None:
    scores = scored(expect(*xs), *(f(x) for x in called))
    assert scores["tool_calls_precision"].value == scores["tool_calls_recall"].value == 3 / 5
