"""Approve: what is approved is what was shown, and nonsense is never taken for a yes."""

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.types import Command

from nodes.approve import Approve, ApproveView
from state.agent import AgentState
from state.canonical import digest
from state.plan import Warrant
from state.policy import Policy
from tests.fakes import NOBODY, MemoryLedger
from tools.capability import Caller, Capability
from tools.registry import Registry

ARGS = [{"amount": 4}, {"amount": 7}]


async def never(args: dict[str, Any], caller: Caller) -> Any:
    raise AssertionError("approve calls nothing")


AMOUNT = {
    "type": "object",
    "properties": {"amount": {"type": "integer", "maximum": 1_000}},
    "required": ["amount"],
}
TOOLS = [Capability(name, "A tool.", AMOUNT, {}, never) for name in ("pay", "lend", "burn")]
POLICY = {
    "pay": {"effect": "write"},
    "lend": {"effect": "write", "constraints": {"properties": {"amount": {"maximum": 9}}}},
}
REGISTRY = Registry(TOOLS, Policy.model_validate({"tools": POLICY}), MemoryLedger())


def warrant(step: str, args: dict[str, Any], tool: str = "pay") -> dict[str, Any]:
    made = Warrant(
        step=step,
        tool=tool,
        tool_digest="t",
        args=args,
        args_digest="a",
        approved_by="policy",
        origins={"amount": ["bill#/amount"]},
        reasons=["amount comes from bill#/amount."],
    )
    return made.model_dump(mode="json")


def asked(*answers: Any, tainted: bool = False) -> dict[str, Any]:
    """Run the node in a graph; resume with each answer in turn."""
    graph = StateGraph(AgentState)
    graph.add_node("approve", Approve(REGISTRY, NOBODY), input_schema=ApproveView)
    graph.set_entry_point("approve")
    steps = [
        {"id": f"s{n}", "tool": "pay", "args": args, "why": f"because {n}"} for n, args in enumerate(ARGS)
    ]
    waiting = {f"s{n}": warrant(f"s{n}", args) for n, args in enumerate(ARGS)}

    async def go() -> dict[str, Any]:
        app = graph.compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        await app.ainvoke(
            {"awaiting": waiting, "plan": {"steps": steps}, "tainted": tainted, "stamp": {}}, config
        )
        for answer in answers:
            await app.ainvoke(Command(resume=answer), config)
        snapshot = await app.aget_state(config)
        return {**snapshot.values, "cards": [one.value for one in snapshot.interrupts]}

    return asyncio.run(go())


def decisions(*kinds: str, **more: Any) -> dict[str, Any]:
    return {"decisions": [{"type": kind, **more} for kind in kinds]}


def test_the_card_shows_the_exact_calls() -> None:
    [card] = asked()["cards"]
    assert [request["args"] for request in card["action_requests"]] == ARGS
    assert card["action_requests"][0]["description"] == (
        "s0: because 0\n\nYou are asked because:\n- amount comes from bill#/amount.\n\n"
        "The arguments come from:\n- amount: bill#/amount"
    )
    allowed = ["approve", "edit", "reject", "respond"]
    assert card["review_configs"] == [{"action_name": "pay", "allowed_decisions": allowed}]


def test_a_tainted_plan_is_shown_whole() -> None:
    [card] = asked(tainted=True)["cards"]
    whole = 'The whole plan:\n- s0: pay {"amount":4}\n- s1: pay {"amount":7}'
    assert all(request["description"].endswith(whole) for request in card["action_requests"])


def edit(name: str, **args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": name, "args": args}}


def test_an_edit_makes_a_warrant_for_what_the_human_wrote() -> None:
    end = asked({"decisions": [edit("pay", amount=400), edit("lend", amount=9)]})
    made = [
        (one["tool"], one["args"], one["args_digest"], one["approved_by"]) for one in end["warrants"].values()
    ]
    assert made == [
        ("pay", {"amount": 400}, digest({"amount": 400}), "human"),
        ("lend", {"amount": 9}, digest({"amount": 9}), "human"),
    ]
    assert end["warrants"]["s1"]["tool_digest"] == TOOLS[1].digest()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (edit("burn", amount=1), "'burn', which is not an allowed tool"),
        (edit("pay", amount=1_001), "breaks /amount"),
        (edit("pay"), "breaks"),
        (edit("lend", amount=10), "breaks /amount"),
        ({"type": "edit"}, "no edited_action"),
        ({"type": "respond"}, "no message"),
    ],
)
def test_an_edit_is_checked_against_the_policy_of_its_own_tool(wrong: Any, error: str) -> None:
    waiting = asked({"decisions": [wrong, {"type": "approve"}]})
    assert error in waiting["cards"][0]["error"]
    assert (waiting.get("warrants"), waiting.get("results")) in [(None, None), ({}, {})]


def test_a_human_may_answer_instead() -> None:
    end = asked({"decisions": [{"type": "respond", "message": "paid in cash"}, {"type": "approve"}]})
    assert (end["results"]["s0"]["status"], end["results"]["s0"]["output"]) == ("answered", "paid in cash")
    assert set(end["warrants"]) == {"s1"}


def test_each_decision_is_for_the_call_at_its_place() -> None:
    end = asked(decisions("reject", "approve"))
    assert end["awaiting"] == {}
    assert end["warrants"] == {"s1": {**warrant("s1", ARGS[1]), "approved_by": "human"}}
    assert (end["results"]["s0"]["status"], end["results"]["s0"]["args"]) == ("rejected", ARGS[0])


def test_a_rejection_says_why() -> None:
    end = asked(decisions("reject", "reject", message="too dear"))
    assert [one["error"] for one in end["results"].values()] == ["too dear", "too dear"]


NONSENSE = [
    True,
    "approve",
    [],
    {"decisions": None},
    decisions("approve"),
    decisions("approve", "approve", "approve"),
    decisions("approve", "edit", edited_action={"name": "pay", "args": {"amount": 4_000}}),
    decisions("approve", "APPROVE"),
    decisions("approve", "ignore"),
    {"decisions": [{"type": "approve", "message": 1}] * 2},
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_asked_again_and_grants_nothing(answer: Any) -> None:
    waiting = asked(answer)
    [card] = waiting["cards"]
    assert "Resume with" in card["error"]
    assert (waiting.get("warrants"), waiting.get("results")) in [(None, None), ({}, {})]


def test_an_empty_answer_is_none() -> None:
    assert asked({})["cards"] == asked()["cards"]


def test_after_any_nonsense_a_decision_still_counts() -> None:
    end = asked(*NONSENSE, decisions("approve", "approve"))
    assert (end["cards"], set(end["warrants"])) == ([], {"s0", "s1"})


def test_an_edit_that_rides_on_an_approval_changes_nothing() -> None:
    end = asked(decisions("approve", "approve", args={"amount": 400}, approved_by="policy"))
    assert [one["args"] for one in end["warrants"].values()] == ARGS
