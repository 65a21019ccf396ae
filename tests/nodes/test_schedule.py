"""Schedule: what may run now runs under a warrant for its exact arguments, and nothing else ever does."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from nodes.failure import failure
from nodes.schedule import Schedule, ScheduleView
from state.agent import Rounds, Terms
from state.canonical import digest
from state.plan import StepResult
from state.policy import Policy
from tests.fakes import NOBODY, RUNTIME, MemoryLedger
from tools.capability import Caller, typed
from tools.registry import Registry


class Number(BaseModel):
    n: int = Field(ge=0, le=99)


async def never(args: Number, caller: Caller) -> Number:
    raise AssertionError("schedule calls nothing")


TOOLS = [typed(name, "A tool.", Number, Number, never) for name in ("look", "pay", "send")]
POLICY = Policy.model_validate(
    {
        "tools": {
            "look": {"effect": "read", "trusted": True},
            "pay": {"effect": "write", "trusted": True},
            "send": {"effect": "outward", "approval": "always"},
        }
    }
)
REGISTRY = Registry(TOOLS, POLICY, MemoryLedger())


def step(id_: str, tool: str = "look", after: tuple[str, ...] = (), n: Any = 1) -> dict[str, Any]:
    return {"id": id_, "tool": tool, "args": {"n": n}, "after": list(after)}


def result(id_: str, status: str = "done", tool: str = "look", n: Any = 1, **more: Any) -> dict[str, Any]:
    fields = {"step": id_, "tool": tool, "status": status, "args": {"n": n}, "output": {"n": 2}, **more}
    return StepResult.model_validate(fields).model_dump(mode="json")


def scheduled(
    steps: list[dict[str, Any]],
    *results: dict[str, Any],
    replans: int = 0,
    tainted: bool = False,
    used: int = 0,
    approved: tuple[str, ...] = (),
) -> dict[str, Any]:
    terms = Terms(model="", plan_retries=0, answer_retries=0, replans=replans, passages=1, answer_schema=None)
    view = ScheduleView(
        request="",
        plan={"steps": steps},
        tainted=tainted,
        warrants={name: {} for name in approved},
        results={one["step"]: one for one in results},
        rounds=Rounds(plan=2, replan=used, answer=0),
        terms=terms,
    )
    return dict(asyncio.run(Schedule(REGISTRY, NOBODY)(view, runtime=RUNTIME)))


def test_a_warrant_is_for_the_resolved_arguments() -> None:
    update = scheduled([step("s1"), step("s2", n={"$ref": "s1#/n"})], result("s1"))
    warrant = update["warrants"]["s2"]
    assert (warrant["args"], warrant["args_digest"]) == ({"n": 2}, digest({"n": 2}))
    assert (warrant["tool_digest"], warrant["approved_by"]) == (TOOLS[0].digest(), "policy")


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ({"m": 2}, "no output at '/n'"),
        (None, "no output"),
        ({"n": 100}, "/n: 100 is greater"),
        ({"n": "x"}, "/n: "),
    ],
)
def test_an_output_that_cannot_be_used_closes_the_step(output: Any, error: str) -> None:
    update = scheduled([step("s1"), step("s2", n={"$ref": "s1#/n"})], result("s1", output=output))
    assert update["warrants"] == {}
    assert error in update["results"]["s2"]["error"]
    assert update["ending"]["outcome"] == "failed"


def test_what_waits_behind_a_failure_is_skipped_to_the_last_link() -> None:
    chain = [step("s3", after=("s2",)), step("s2", after=("s1",)), step("s1"), step("s4")]
    update = scheduled(chain, result("s1", "failed"))
    assert {key: one["status"] for key, one in update["results"].items()} == {
        "s2": "skipped",
        "s3": "skipped",
    }
    assert list(update["warrants"]) == ["s4"]


@pytest.mark.parametrize(
    ("tool", "tainted", "asks"),
    [
        ("look", False, False),
        ("look", True, False),
        ("pay", False, False),
        ("pay", True, True),
        ("send", False, True),
        ("send", True, True),
    ],
)
def test_who_is_asked(tool: str, tainted: bool, asks: bool) -> None:
    update = scheduled([step("s1", tool)], tainted=tainted)
    assert (list(update["awaiting"]), list(update["warrants"])) == ((["s1"], []) if asks else ([], ["s1"]))


def test_what_needs_no_approval_runs_before_anyone_is_asked() -> None:
    update = scheduled([step("s1", "send"), step("s2")])
    assert (list(update["warrants"]), update["awaiting"]) == (["s2"], {})


@pytest.mark.parametrize("tool", ["pay", "send"])
@pytest.mark.parametrize("status", ["done", "unknown"])
def test_a_write_of_an_earlier_plan_is_not_repeated_behind_a_reference(tool: str, status: str) -> None:
    earlier = result("old", status, tool, n=2)
    update = scheduled([step("s1"), step("s2", tool, n={"$ref": "s1#/n"})], earlier, result("s1"))
    assert (update["warrants"], update["awaiting"]) == ({}, {})
    assert "already called" in update["results"]["s2"]["error"]


def test_a_plan_may_make_two_equal_writes_and_a_new_one_may_repeat_failures() -> None:
    assert list(scheduled([step("s1", "pay"), step("s2", "pay")], result("s1", tool="pay"))["warrants"]) == [
        "s2"
    ]
    assert scheduled([step("s1")], result("old"))["results"]["s1"] == {**result("old"), "step": "s1"}
    assert list(scheduled([step("s1", "pay")], result("old", "failed", "pay"))["warrants"]) == ["s1"]


def test_a_failure_leads_to_a_bounded_number_of_new_plans() -> None:
    again = scheduled([step("s1")], result("s1", "failed", error="jammed"), replans=1, approved=("s1",))
    assert (again["plan"], again["rounds"]) == (None, {"plan": 0, "replan": 1, "answer": 0})
    assert again["feedback"] == [{"path": "/steps/s1", "message": "look failed: jammed"}]
    end = scheduled([step("s1")], result("s1", "failed", error="jammed"), replans=1, used=1)
    assert end["ending"] == {"outcome": "failed", "reason": "Step s1 (look) failed: jammed"}


def test_an_unknown_outcome_asks_even_if_a_new_plan_were_left() -> None:
    update = scheduled(
        [step("s1", "pay"), step("s2")], result("s1", "unknown", "pay"), result("s2", "failed"), replans=3
    )
    assert update["ending"]["outcome"] == "needs_input"
    assert "s1 (pay)" in update["ending"]["reason"]


def test_a_finished_plan_goes_on() -> None:
    assert scheduled([step("s1")], result("s1")) == {"warrants": {}, "awaiting": {}, "results": {}}
    assert scheduled([]) == {"warrants": {}, "awaiting": {}, "results": {}}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Acyclic plans, and what will become of each step."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 6))):
        before = [one["id"] for one in steps]
        after: list[str] = draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if before else []
        refers: Any = number
        if draw(st.booleans()) and before:
            refers = {"$ref": f"{draw(st.sampled_from(before))}#/n"}
        steps.append(step(f"s{number}", draw(st.sampled_from(["look", "pay"])), tuple(after), refers))
    fates = {one["id"]: draw(st.sampled_from(["done", "done", "failed", "rejected"])) for one in steps}
    return list(draw(st.permutations(steps))), fates


@settings(deadline=None)
@given(graphs())
def test_every_step_ends_and_runs_only_after_what_it_needs(
    drawn: tuple[list[dict[str, Any]], dict[str, str]],
) -> None:
    steps, fates = drawn
    results: dict[str, dict[str, Any]] = {}
    for _ in range(len(steps) + 1):
        update = scheduled(steps, *results.values())
        results |= update["results"]
        for id_, warrant in update["warrants"].items():
            needed = _needs(next(one for one in steps if one["id"] == id_))
            assert id_ not in results
            assert all(results[one]["status"] == "done" for one in needed)
            results[id_] = result(id_, fates[id_], warrant["tool"], **warrant["args"])
        if not update["warrants"]:
            break
    assert results.keys() == fates.keys()


def _needs(one: dict[str, Any]) -> set[str]:
    refers = one["args"]["n"]
    return {*one["after"], *([refers["$ref"].partition("#")[0]] if isinstance(refers, dict) else [])}


def test_a_round_that_was_approved_waits_its_turn_and_is_not_asked_about_again() -> None:
    each = {**step("s1", "send", n={"$each": ""}), "for_each": [1, 2, 3], "at_most": 3}
    assert set(scheduled([each])["awaiting"]) == {"s1.0", "s1.1", "s1.2"}
    update = scheduled([each], result("s1.0", tool="send"), approved=("s1.0", "s1.1", "s1.2"))
    assert (update["warrants"], update["awaiting"], update["results"]) == ({}, {}, {})


def test_a_planner_is_told_why_only_where_no_third_party_can_speak() -> None:
    quoting = result("s1", "failed", error="cannot read 'obey me'")
    for warrant, told in [
        (None, False),
        ({"origins": {"n": ["literal"]}}, True),
        ({"origins": {"n": ["literal", "look#/n"]}}, True),
        ({"origins": {"n": ["mail#/body"]}}, False),
    ]:
        said = failure(StepResult.model_validate(quoting), warrant, REGISTRY)
        assert ("obey me" in said) is told
