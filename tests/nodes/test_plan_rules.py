"""The rules of plans: no defect passes, in a thousand plans, and no valid plan is sent back."""

import asyncio
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.mutations import DEFECTS
from benchmarks.valid_plans import (
    ANSWER_SCHEMA,
    BILLS_STEP,
    POLICY,
    REQUEST,
    SAMPLE,
    capabilities,
    valid_plan,
)
from graphs.wiring import wire
from nodes.plan_rules import Rules, plan_violations
from state.agent import Context
from state.expression import OPERATORS
from state.plan import Plan, StepResult, plan_schema
from state.policy import Limits
from state.schema import Violation, violations
from tests.fakes import MemoryLedger, ScriptedChat, parts
from tools.capability import Caller
from tools.registry import Registry

REGISTRY = Registry(capabilities([]), POLICY, MemoryLedger())
PLANS = st.randoms(use_true_random=False).map(valid_plan)


def found_in(
    plan: Any, *finished: StepResult, roles: tuple[str, ...] = (), tainted: bool = False
) -> list[Violation]:
    if broken := violations(plan_schema(), plan):
        return broken
    rules = Rules(
        registry=REGISTRY.of(Caller(roles=frozenset(roles))),
        limits=POLICY.limits,
        finished=list(finished),
        request=REQUEST,
        answer_schema=ANSWER_SCHEMA,
        tainted=tainted,
    )
    return list(plan_violations(Plan.model_validate(plan), rules))


@settings(max_examples=200, deadline=None)
@given(PLANS)
def test_a_valid_plan_passes(plan: dict[str, Any]) -> None:
    assert found_in(plan) == []


def test_valid_plans_use_every_operator_and_every_kind_of_step() -> None:
    said = "".join(json.dumps(valid_plan(Random(seed))) for seed in range(300))
    assert [name for name in OPERATORS if f'"{name}"' not in said] == []
    assert [
        key for key in ("when", "for_each", "extract", "compose", "answer", "again") if key not in said
    ] == []


@pytest.mark.parametrize("name", DEFECTS)
def test_a_hundred_plans_with_a_defect_are_rejected(name: str) -> None:
    randoms = [Random(f"{name} {seed}") for seed in range(100)]
    plans = [DEFECTS[name](random, valid_plan(random)) for random in randoms]
    assert [plan for plan in plans if not found_in(plan)] == []
    assert len({json.dumps(plan) for plan in plans}) > 50


def ran(plans: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Run each plan through the graph: the calls of all, and how each ended."""

    async def go() -> tuple[list[str], list[dict[str, Any]]]:
        made: list[str] = []
        ends = []
        for plan in plans:
            replies = {"extract": [{"no": 1}] * 9, "compose": [{"text": "Paid."}] * 9}
            draft = {"claims": [], "missing": None, "data": {"total": 1, "names": []}}
            chat = ScriptedChat({"plan": [plan] * 3, "answer": [draft] * 3, **replies})
            policy = POLICY.model_dump(mode="json")
            graph = wire(parts(chat, capabilities(made), policy)).compile(checkpointer=InMemorySaver())
            config: Any = {"configurable": {"thread_id": "t"}}
            given = {"messages": [HumanMessage(REQUEST)], "answer_schema": ANSWER_SCHEMA}
            await graph.ainvoke(given, config, context=Context(replans=0))
            ends.append((await graph.aget_state(config)).values)
        return made, ends

    return asyncio.run(go())


@pytest.mark.parametrize("name", DEFECTS)
def test_nothing_of_a_plan_with_a_defect_runs(name: str) -> None:
    randoms = [Random(f"{name} {seed}") for seed in range(2)]
    made, ends = ran([DEFECTS[name](random, valid_plan(random)) for random in randoms])
    assert made == []
    assert [end["outcome"] for end in ends] == ["failed", "failed"]
    assert [end["rounds"]["plan"] for end in ends] == [2, 2]


def test_valid_plans_do_run() -> None:
    made, ends = ran([valid_plan(Random(seed)) for seed in range(12)])
    assert [end["violations"] for end in ends] == [[]] * 12
    assert {"list_bills", "pay", "read_mail", "send_mail"} <= set(made)


def test_a_role_opens_a_tool() -> None:
    plan = {"steps": [{"id": "a", "tool": "audit", "args": {"month": "May"}}]}
    assert [one.path for one in found_in(plan)] == ["/steps/0/tool"]
    assert found_in(plan, roles=("auditor",)) == []


def paid(step: str, rounds: int | None = None) -> StepResult:
    return StepResult(step=step, tool="pay", args={}, status="done", output=[], rounds=rounds)


def test_the_rounds_of_an_earlier_step_count_once() -> None:
    args = {"iban": "GB29", "amount": 1, "subject": "May"}
    plan = {"steps": [{"id": f"n{n}", "tool": "pay", "args": {**args, "amount": n + 1}} for n in range(2)]}
    made = [paid("s2.0"), paid("s2.1"), paid("s2", rounds=2)]
    assert found_in(plan, *made) == []
    assert [one.path for one in found_in(plan, *made, paid("s3"))] == ["/steps"]


def closing(account: Any, *before: dict[str, Any]) -> dict[str, Any]:
    return {"steps": [BILLS_STEP, *before, {"id": "z", "tool": "close_account", "args": {"id": account}}]}


def thinking(instruction: Any, schema: Any = None) -> dict[str, Any]:
    args = {"sources": {"b": {"$ref": "s1#/bills/0/id"}}, "instruction": instruction}
    return {"id": "x", "tool": "extract", "args": {**args, "schema": schema or {"type": "string"}}}


MAIL = {"id": "m", "tool": "read_mail", "args": {"query": "q"}}


@pytest.mark.parametrize(
    ("plan", "tainted", "passes"),
    [
        (closing("B7"), False, True),
        (closing("B7"), True, True),
        (closing("C9"), False, False),
        (closing({"$ref": "s1#/bills/0/id"}), False, True),
        (closing({"$ref": "s1#/owner"}), False, False),
        (closing({"$ref": "x#"}, thinking("Which?")), False, True),
        (closing({"$ref": "x#"}, thinking("Say C9.")), True, False),
        (closing({"$ref": "x#"}, thinking("account", {"const": "C9"})), True, False),
        (closing({"$ref": "x#"}, MAIL, thinking({"$ref": "m#/mails/0/body"})), False, False),
        (
            closing({"$ref": "x#"}, MAIL, thinking({"$text": ["a", {"$ref": "m#/mails/0/body"}]})),
            False,
            False,
        ),
    ],
)
def test_what_a_control_argument_may_be_made_of(plan: dict[str, Any], tainted: bool, passes: bool) -> None:
    wrong = [one for one in found_in(plan, tainted=tainted) if "must not come from" in one.message]
    assert bool(wrong) is not passes


def kept(**more: Any) -> StepResult:
    return StepResult.model_validate(
        {"step": "x", "tool": "extract", "args": {}, "status": "done", "output": "C9", **more}
    )


@pytest.mark.parametrize(
    ("result", "ref", "passes"),
    [
        (kept(fields=[["list_bills", "/bills/*/id"]]), "x#", True),
        (kept(fields=[["read_mail", "/mails/*/body"]]), "x#", False),
        (kept(fields=[]), "x#", False),
        (kept(), "x#", False),
        (kept(output="B7"), "x#", True),
        (kept(tool="pay", output=[{"item": "C9", "output": {}}], rounds=1, fields=[]), "x#/0/item", False),
    ],
)
def test_what_an_earlier_plan_made_keeps_its_sources(result: StepResult, ref: str, passes: bool) -> None:
    plan = {"steps": [{"id": "z", "tool": "close_account", "args": {"id": {"$ref": ref}}}]}
    wrong = [one for one in found_in(plan, result, tainted=True) if "must not come from" in one.message]
    assert bool(wrong) is not passes


def test_a_schema_of_an_extract_may_refer_to_its_own_definitions() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}
    plan = Plan.model_validate({"steps": [thinking("Which?", {"anyOf": [{"$ref": "#/$defs/a"}], **schema})]})
    [violation] = plan_violations(plan, Rules(REGISTRY, Limits(), [], REQUEST))
    assert violation.path == "/steps/0/args/sources/b"  # there is no step s1, and nothing else is wrong


def test_samples_satisfy_their_schemas() -> None:
    assert {
        tool.name for tool in capabilities([]) if violations(tool.output_schema, SAMPLE[tool.name])
    } == set()
