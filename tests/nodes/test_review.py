"""Review: a valid plan always passes, a plan with a defect never does, and the violation says where it is."""

import asyncio
import copy
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.plan_rules import Rules, plan_violations
from nodes.review import Review, ReviewView
from state.agent import Rounds, Terms
from state.plan import Plan, StepResult
from state.policy import Limits, Policy
from state.schema import MAX_VIOLATIONS, Violation, violations
from tests.fakes import NOBODY, RUNTIME, MemoryLedger
from tools.capability import Caller, Capability
from tools.registry import Registry

ADDRESS = {
    "type": "object",
    "properties": {
        "street/no": {"type": "string", "pattern": r"^\w+ \d+$"},
        "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
        "kind": {"enum": ["home", "work"]},
    },
    "required": ["zip"],
    "additionalProperties": False,
}
INPUT = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "to": {"anyOf": [{"$ref": "#/$defs/address"}, {"type": "null"}]},
        "when": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 3},
        "note~": {"type": "string", "maxLength": 5},
    },
    "required": ["count"],
    "additionalProperties": False,
    "$defs": {"address": ADDRESS},
}
OUTPUT = {
    "type": "object",
    "properties": {
        "order": {
            "type": "object",
            "properties": {
                "id/x": {"type": "string"},
                "total": {"type": "number"},
                "to": {"$ref": "#/$defs/a"},
            },
            "additionalProperties": False,
        },
        "lines": {"type": "array", "items": {"type": "object", "properties": {"~n": {"type": "integer"}}}},
    },
    "additionalProperties": False,
    "$defs": {"a": ADDRESS},
}
POINTERS = {
    "count": ["/order/total", "/lines/0/~0n"],
    "to": ["/order/to"],
    "when": ["/order/id~1x", "/order/to/zip"],
    "tags": [],
    "note~": ["/order/id~1x", "/order/to/street~1no"],
}
LIMITS = Limits(steps=5)


async def _never(args: dict[str, Any], caller: Caller) -> Any:
    raise AssertionError("review calls nothing")


def registry() -> Registry:
    tools = [Capability(name, "A tool.", INPUT, OUTPUT, _never) for name in ("look", "pay")]
    entries = {"look": {"effect": "read", "calls": 6}, "pay": {"effect": "write", "calls": 3}}
    return Registry(tools, Policy.model_validate({"tools": entries}), MemoryLedger())


REGISTRY = registry()

LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "count": st.integers(1, 9) | st.just(3.0),
    "to": st.none()
    | st.fixed_dictionaries(
        {"zip": st.from_regex(r"\A[0-9]{5}\Z")},
        optional={"street/no": st.just("Elm 5"), "kind": st.sampled_from(["home", "work"])},
    ),
    "when": st.dates().map(str),
    "tags": st.lists(st.text(max_size=3), max_size=3, unique=True),
    "note~": st.text(max_size=5),
}


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Valid plans of one to four steps; arguments are literals or refer to earlier steps, at any depth."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        names = ["count", *draw(st.lists(st.sampled_from(sorted(LITERALS)), unique=True))]
        earlier = [step["id"] for step in steps]
        steps.append(
            {
                "id": f"s{number}",
                "tool": "look" if number else draw(st.sampled_from(["look", "pay"])),
                "args": {name: draw(_argument(name, earlier)) for name in names},
                "after": draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else [],
                "why": draw(st.text(max_size=5)),
            }
        )
    return {"steps": draw(st.permutations(steps))}


def _argument(name: str, earlier: list[str]) -> st.SearchStrategy[Any]:
    if not earlier:
        return LITERALS[name]
    step = st.sampled_from(earlier)
    if name == "tags":
        part = st.builds(lambda s: {"$ref": f"{s}#/order/id~1x"}, step)
        return LITERALS[name] | st.lists(part, max_size=3)
    refs = st.builds(lambda s, p: {"$ref": f"{s}#{p}"}, step, st.sampled_from(POINTERS[name]))
    if name == "to":
        zips = st.builds(lambda s: {"zip": {"$ref": f"{s}#/order/to/zip"}, "kind": "home"}, step)
        return LITERALS[name] | refs | zips
    return LITERALS[name] | refs


def found_in(plan: dict[str, Any], *finished: StepResult) -> list[Violation]:
    assert violations(Plan.model_json_schema(), plan) == []
    return list(plan_violations(Plan.model_validate(plan), Rules(REGISTRY, LIMITS, list(finished))))


@settings(max_examples=150, deadline=None)
@given(plans())
def test_a_valid_plan_passes(plan: dict[str, Any]) -> None:
    assert found_in(plan) == []


class Defect(NamedTuple):
    """What is broken in the last step; `{}` in the path stands for the step's index."""

    path: str
    change: dict[str, Any]


DEFECTS = {
    "unknown tool": Defect("/steps/{}/tool", {"tool": "delete_all"}),
    "tool in another case": Defect("/steps/{}/tool", {"tool": "Look"}),
    "missing argument": Defect("/steps/{}/args", {"args": {}}),
    "extra argument": Defect("/steps/{}/args", {"args": {"count": 1, "extra": 1}}),
    "ill-typed argument": Defect("/steps/{}/args/count", {"args": {"count": "1"}}),
    "boolean for an integer": Defect("/steps/{}/args/count", {"args": {"count": True}}),
    "out of range": Defect("/steps/{}/args/count", {"args": {"count": 10}}),
    "nested pattern": Defect("/steps/{}/args/to", {"args": {"count": 1, "to": {"zip": "1234"}}}),
    "pattern and a line feed": Defect("/steps/{}/args/to", {"args": {"count": 1, "to": {"zip": "12345\n"}}}),
    "enum": Defect("/steps/{}/args/to", {"args": {"count": 1, "to": {"zip": "12345", "kind": "x"}}}),
    "nested missing": Defect("/steps/{}/args/to", {"args": {"count": 1, "to": {"kind": "home"}}}),
    "nested extra beside a reference": Defect(
        "/steps/{}/args/to", {"args": {"count": 1, "to": {"zip": {"$ref": "s0#/order/to/zip"}, "x": 1}}}
    ),
    "nested missing beside a reference": Defect(
        "/steps/{}/args/to", {"args": {"count": 1, "to": {"street/no": {"$ref": "s0#/order/id~1x"}}}}
    ),
    "too many items of references": Defect(
        "/steps/{}/args/tags", {"args": {"count": 1, "tags": [{"$ref": "s0#/order/id~1x"}] * 4}}
    ),
    "format": Defect("/steps/{}/args/when", {"args": {"count": 1, "when": "2026-02-30"}}),
    "too long": Defect("/steps/{}/args/note~0", {"args": {"count": 1, "note~": "123456"}}),
    "equal items": Defect("/steps/{}/args/tags", {"args": {"count": 1, "tags": ["a", "a"]}}),
    "dangling reference": Defect("/steps/{}/args/count", {"args": {"count": {"$ref": "s99#/order/total"}}}),
    "own step": Defect("/steps", {"args": {"count": {"$ref": "last#/order/total"}}}),
    "own step in after": Defect("/steps", {"after": ["last"]}),
    "malformed reference": Defect("/steps/{}/args/count", {"args": {"count": {"$ref": "s0/order/total"}}}),
    "reference with a companion": Defect(
        "/steps/{}/args/count", {"args": {"count": {"$ref": "s0#/order/total", "default": 1}}}
    ),
    "all arguments as one reference": Defect("/steps/{}/args", {"args": {"$ref": "s0#/order"}}),
    "no such output": Defect("/steps/{}/args/count", {"args": {"count": {"$ref": "s0#/order/sum"}}}),
    "no such item": Defect("/steps/{}/args/count", {"args": {"count": {"$ref": "s0#/lines/-/~0n"}}}),
    "type through a reference": Defect(
        "/steps/{}/args/count", {"args": {"count": {"$ref": "s0#/order/id~1x"}}}
    ),
    "type at an escaped argument": Defect(
        "/steps/{}/args/note~0", {"args": {"count": 1, "note~": {"$ref": "s0#/order/total"}}}
    ),
    "whole output for a number": Defect("/steps/{}/args/count", {"args": {"count": {"$ref": "s0#"}}}),
    "duplicate id": Defect("/steps/{}/id", {"id": "s0"}),
    "unknown step in after": Defect("/steps/{}/after/1", {"after": ["s0", "s99"]}),
}


@pytest.mark.parametrize("name", DEFECTS)
@settings(max_examples=12, deadline=None)
@given(plan=plans())
def test_a_plan_with_a_defect_is_rejected_where_it_is(name: str, plan: dict[str, Any]) -> None:
    defect = DEFECTS[name]
    broken = {"id": "last", "tool": "look", "args": {"count": 1}, "after": [], "why": "", **defect.change}
    plan = {"steps": [*plan["steps"], copy.deepcopy(broken)]}
    assert defect.path.format(len(plan["steps"]) - 1) in {violation.path for violation in found_in(plan)}


def step(id_: str, tool: str = "look", after: tuple[str, ...] = (), **args: Any) -> dict[str, Any]:
    return {"id": id_, "tool": tool, "args": {"count": 1, **args}, "after": list(after)}


@pytest.mark.parametrize(
    "steps",
    [
        [step("a", after=("b",)), step("b", after=("a",))],
        [step("a", count={"$ref": "b#/order/total"}), step("b", count={"$ref": "a#/order/total"})],
        [step("a", after=("c",)), step("b", after=("a",)), step("c", tags=[{"$ref": "b#/order/id~1x"}])],
    ],
)
def test_a_cycle_is_rejected_however_it_is_made(steps: list[dict[str, Any]]) -> None:
    [violation] = found_in({"steps": steps})
    assert violation.path == "/steps"
    assert violation.message.startswith("the steps wait for each other: ")


def test_too_many_steps_and_calls_are_rejected() -> None:
    messages = {v.message for v in found_in({"steps": [step(f"s{n}", "pay", count=n + 1) for n in range(6)]})}
    assert messages == {"has 6 steps, more than the 5 allowed", "calls pay 6 times, more than the 3 allowed"}


def result(id_: str, tool: str = "pay", status: str = "done", **args: Any) -> StepResult:
    return StepResult.model_validate(
        {"step": id_, "tool": tool, "status": status, "args": {"count": 1, **args}}
    )


def test_calls_of_the_whole_turn_count_but_not_those_that_never_were() -> None:
    plan = {"steps": [step("n1", "pay", count=7), step("n2", "pay", count=8)]}
    made = [result("a", status="failed"), result("b", status="done", count=9)]
    assert [v.path for v in found_in(plan, *made)] == ["/steps"]
    assert found_in(plan, made[0], result("b", status="skipped"), result("c", status="rejected")) == []


@pytest.mark.parametrize("status", ["done", "unknown"])
def test_a_write_that_happened_or_may_have_is_not_planned_again(status: str) -> None:
    found = found_in({"steps": [step("n1", "pay")]}, result("a", status=status))
    assert [(v.path, "already called" in v.message) for v in found] == [("/steps/0", True)]


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_read_that_would_bring_nothing_new_is_not_planned_again(status: str) -> None:
    found = found_in({"steps": [step("n1")]}, result("a", "look", status))
    assert [(v.path, "already called" in v.message) for v in found] == [("/steps/0", True)]


def test_a_read_after_a_write_or_a_failed_write_may_be_planned_again() -> None:
    assert found_in({"steps": [step("n1")]}, result("a", "look"), result("b", "pay", count=2)) == []
    assert found_in({"steps": [step("n1", "pay")]}, result("a", status="failed")) == []


def test_a_new_plan_may_refer_to_what_is_done_and_to_nothing_else() -> None:
    plan = {
        "steps": [step("n1", count={"$ref": "a#/order/total"}, tags=[]), step("n2", after=("a",), count=2)]
    }
    assert found_in(plan, result("a", "look")) == []
    paths = [v.path for v in found_in(plan, result("a", "look", "failed"))]
    assert paths == ["/steps/0/args/count", "/steps/1/after/0"]


def test_an_id_of_an_earlier_plan_is_taken_whatever_became_of_it() -> None:
    for status in ("done", "failed", "skipped", "rejected", "unknown"):
        assert [v.path for v in found_in({"steps": [step("a", count=2)]}, result("a", "look", status))] == [
            "/steps/0/id"
        ]


def view(plan: Any, plan_round: int = 0, attempts: tuple[Any, ...] = ()) -> ReviewView:
    terms = Terms(model="", plan_retries=2, answer_retries=0, replans=0, passages=1, answer_schema=None)
    rounds = Rounds(plan=plan_round, replan=0, answer=0)
    return ReviewView(
        plan=plan, tainted=False, request="", attempts=list(attempts), results={}, rounds=rounds, terms=terms
    )


def reviewed(given: ReviewView) -> dict[str, Any]:
    return dict(asyncio.run(Review(REGISTRY, LIMITS, NOBODY)(given, runtime=RUNTIME)))


def test_a_huge_wrong_plan_sends_back_a_bounded_list() -> None:
    update = reviewed(view({"steps": [step("s1", f"t{n}") for n in range(5_000)]}))
    assert len(update["feedback"]) == len(update["violations"]) == MAX_VIOLATIONS
    assert update["feedback"][0]["path"] == "/steps"


def test_the_last_round_ends_the_run_and_says_the_first_violation() -> None:
    bad = {"steps": [step("s1", "nothing")]}
    assert reviewed(view(bad, 1))["rounds"]["plan"] == 2
    ending = reviewed(view(bad, 2))["ending"]
    assert ending["outcome"] == "failed"
    assert "after 3 model calls" in ending["reason"]
    assert "/steps/0/tool: 'nothing' is not an allowed tool" in ending["reason"]


def test_what_broke_the_schema_of_plans_goes_back_as_it_was() -> None:
    broken = [{"path": "/steps", "message": "is missing"}]
    update = reviewed(view(None, 0, ({"violations": []}, {"violations": broken})))
    assert update["feedback"] == broken


def test_an_empty_plan_is_valid() -> None:
    assert reviewed(view({"steps": []})) == {"feedback": [], "violations": []}
