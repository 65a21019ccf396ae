from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case, Expectation, ExpectedCall
from evals.scorers.goal import goal_by_state, goal_by_writes
from evals.scores import Score
from evals.trajectory import Call, Trajectory
from state.errors import UsageError
from state.schema import Json, JsonSchema


@dataclass
class Shelf:
    """A world of things that are put, unless they are there already, and looked at."""

    things: dict[str, Json] = field(default_factory=dict)

    def call(self, tool: str, args: dict[str, Json]) -> Json:
        if tool == "look":
            return self.things
        if tool != "put":
            raise KeyError(tool)
        if args["name"] in self.things:
            return "Error: it is there"
        self.things[args["name"]] = args["value"]
        return "Done."

    def state(self) -> Json:
        return self.things


class Shelves:
    name = "shelves"
    tools: Mapping[str, JsonSchema] = {"put": {}, "look": {}}
    writes = frozenset({"put"})

    def world(self) -> Shelf:
        return Shelf()


def expected(name: str, value: Json = 1, **more: Any) -> ExpectedCall:
    return ExpectedCall(tool="put", args={"name": name, "value": value}, **more)


def put(name: str, value: Json = 1, **more: Any) -> Call:
    return Call("put", {"name": name, "value": value}, **more)


def case(*calls: ExpectedCall, **more: Any) -> Case:
    return Case(id="c", input="?", expect=Expectation(calls=calls, **more))


def did(*calls: Call, **more: Any) -> Trajectory:
    return Trajectory(calls=calls, **more)


def by_state(one: Case, run: Trajectory) -> Score:
    return goal_by_state(Shelves(), one, run)


def by_writes(one: Case, run: Trajectory) -> Score:
    return goal_by_writes(one, run, Shelves.writes, "Error:")


both = pytest.mark.parametrize("scorer", [by_state, by_writes])


@both
def test_the_expected_writes_complete_the_goal_whatever_is_read(scorer: Any) -> None:
    score = scorer(case(expected("a"), expected("b")), did(Call("look", {}), put("b"), put("a")))
    assert (score.name, score.value, score.passed) == ("goal_completion", 1, True)


@both
@pytest.mark.parametrize(
    "calls",
    [(), (put("a"),), (put("a"), put("b", 2)), (put("a"), put("b"), put("c")), (put("a"), put("b", True))],
    [(), (put("a"),), (put("a"), put("b", 2)), (put("a"), put("b"), put("c")), (put("a"), put("b", True))],
)
def test_a_missing_a_wrong_and_one_write_more_do_not(scorer: Any, calls: tuple[Call, ...]) -> None:
    score = scorer(case(expected("a"), expected("b")), did(*calls))
    assert (score.value, score.passed) == (0, False)
    assert score.detail["faults"]
    assert score.reason


@both
def test_a_write_that_failed_does_not_count(scorer: Any) -> None:
    assert scorer(case(expected("a")), did(put("a"), put("a", output="Error: it is there"))).passed


@both
def test_calls_that_never_reached_the_world_do_not_count(scorer: Any) -> None:
    calls = (Call("lok", {"name": "a"}), Call("put", "{broken", error="no JSON object"), put("a"))
    assert scorer(case(expected("a")), did(*calls)).passed


@both
def test_the_run_has_to_end(scorer: Any) -> None:
    score = scorer(case(expected("a")), did(put("a"), ended=False))
    assert not score.passed
    assert score.reason == "The run did not end by itself."


@both
def test_outputs_have_to_be_said(scorer: Any) -> None:
    one = case(outputs=("1786", "Blue"))
    assert scorer(one, did(said=("It is $1,786.", "And BLUE."))).passed
    score = scorer(one, did(said=("It is 1.786 and blue.",)))
    assert score.detail["missing_outputs"] == ["1786"]
    assert not score.passed


@both
def test_nothing_is_expected_of_a_case_without_expectations(scorer: Any) -> None:
    score = scorer(Case(id="c", input="?"), did(put("a")))
    assert (score.value, score.passed) == (None, None)
    outputs = Case(id="c", input="?", expect=Expectation(outputs=("x",)))
    assert scorer(outputs, did(put("a"), said=("x",))).passed


@both
def test_an_optional_write_may_be_left_out(scorer: Any) -> None:
    one = case(expected("a"), expected("b", optional=True))
    assert scorer(one, did(put("a"))).passed
    assert scorer(one, did(put("a"), put("b"))).passed
    assert not scorer(one, did(put("a"), put("b", 2))).passed


def test_the_state_tells_an_integer_from_a_float_and_the_writes_do_not() -> None:
    one, run = case(expected("a", {"x": [1]})), did(put("a", {"x": [1.0]}))
    assert not by_state(one, run).passed
    assert "integer" in by_state(one, run).reason
    assert by_writes(one, run).passed


def test_the_order_of_a_list_counts_and_that_of_keys_does_not() -> None:
    one = case(expected("a", {"x": [1, 2], "y": 0}))
    assert by_state(one, did(put("a", {"y": 0, "x": [1, 2]}))).passed
    score = by_state(one, did(put("a", {"y": 0, "x": [2, 1]})))
    assert score.reason == "The state differs at /a/x/0: expected 1, got 2."


def test_an_expected_state_needs_no_expected_calls() -> None:
    one = Case(id="c", input="?", expect=Expectation(state={"a": 1}))
    assert by_state(one, did(put("a"))).passed
    assert not by_state(one, did()).passed


def test_a_comparator_cannot_be_played_but_compared() -> None:
    one = case(expected("a", {"$one_of": [1, 2]}))
    assert by_writes(one, did(put("a", 2))).passed
    with pytest.raises(UsageError, match=r"expect\.state"):
        by_state(one, did(put("a", 2)))
    assert by_state(case(*one.expect.calls or (), state={"a": 2}), did(put("a", 2))).passed


def test_writes_have_the_order_that_the_case_gives_them() -> None:
    look = ExpectedCall(tool="look", id="look", after=("first",))
    one = case(expected("a", id="first"), look, expected("b", after=("look",)))
    assert by_writes(one, did(put("a", turn=1), put("b", turn=2))).passed
    assert not by_writes(one, did(put("b", turn=1), put("a", turn=2))).passed


names = st.lists(st.sampled_from("abcd"), max_size=4, unique=True)


@given(names, names)
def test_both_say_the_same_of_writes_that_are_independent(wanted: list[str], made: list[str]) -> None:
    one, run = case(*map(expected, wanted)), did(*map(put, made))
    assert by_state(one, run).passed is by_writes(one, run).passed is (sorted(wanted) == sorted(made))
