"""An effect at most once, in the graph: LangGraph's resume, fork and replay, and a human's word."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot
from pydantic import BaseModel

from graphs.wiring import wire
from state.agent import Context
from state.store import Store
from state.verdict import Place, Verdict
from tests.fakes import ScriptedChat, judge, parts
from tools.capability import Caller, typed

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t"}}
ASKED = {"messages": [HumanMessage("Refund it.")]}


class Refund(BaseModel):
    cents: int


class Desk:
    """Refunds, and counts it; the first reply is lost if it is told so."""

    def __init__(self, *, loses: bool = False) -> None:
        self.calls = 0
        self.loses = loses
        self.tool = typed("refund", "Refund.", Refund, Refund, self.refund)

    async def refund(self, args: Refund, caller: Caller) -> Refund:
        self.calls += 1
        if self.loses and self.calls == 1:
            raise ConnectionResetError("lost after sending")
        return args


class Script(ScriptedChat):
    """Plans the refund, worded anew each time it is asked, and cites its result."""

    def __init__(self) -> None:
        super().__init__({"plan": [self.plan] * 9, "answer": [self.answer] * 9})

    def plan(self, sections: dict[str, Any]) -> Any:
        why = f"worded {len(self.asked)}"
        return {"steps": [{"id": "s1", "tool": "refund", "args": {"cents": 5}, "why": why}]}

    def answer(self, sections: dict[str, Any]) -> Any:
        cited = [{"passage": "s1", "quote": '"cents":5'}]
        return {"claims": [{"text": "Refunded.", "citations": cited}], "missing": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    yield opened
    opened.close()


def graph(desk: Desk, store: Store, **changed: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
    made = parts(Script(), [desk.tool], {"tools": {"refund": {"effect": "write"}}}, ledger=store)
    return wire(replace(made, **changed)).compile(checkpointer=InMemorySaver())


async def history(agent: CompiledStateGraph[Any, Any, Any, Any]) -> list[StateSnapshot]:
    return [snapshot async for snapshot in agent.aget_state_history(CONFIG)]


def test_a_replay_from_any_checkpoint_of_the_turn_makes_no_effect_again(store: Store) -> None:
    desk = Desk()

    async def go() -> list[str]:
        agent = graph(desk, store)
        await agent.ainvoke(ASKED, CONFIG, context=Context())
        begun = [
            snapshot for snapshot in await history(agent) if "scope" in snapshot.values and snapshot.next
        ]
        assert {"screen", "plan", "execute", "answer"} <= {snapshot.next[0] for snapshot in begun}
        ends = [await agent.ainvoke(None, snapshot.config, context=Context()) for snapshot in begun]
        return [end["outcome"] for end in ends]

    assert set(asyncio.run(go())) == {"answered"}
    assert desk.calls == 1


def test_a_fork_of_the_plan_makes_no_effect_again(store: Store) -> None:
    desk = Desk()

    async def go() -> Any:
        agent = graph(desk, store)
        await agent.ainvoke(ASKED, CONFIG, context=Context())
        planned = next(snapshot for snapshot in await history(agent) if "execute" in snapshot.next)
        plan = {"steps": [{**planned.values["plan"]["steps"][0], "why": "forked"}]}
        forked = await agent.aupdate_state(planned.config, {"plan": plan}, as_node="review")
        await agent.ainvoke(None, forked, context=Context())
        return (await agent.aget_state(CONFIG)).values

    assert asyncio.run(go())["plan"]["steps"][0]["why"] == "forked"
    assert desk.calls == 1


def test_the_same_request_in_a_new_turn_is_a_new_effect(store: Store) -> None:
    desk = Desk()

    async def go() -> None:
        agent = graph(desk, store)
        for _ in range(2):
            await agent.ainvoke({"messages": [HumanMessage("Refund it.")]}, CONFIG, context=Context())
        assert desk.calls == 1, "the second plan read the first answer, so that it waits for approval"
        await agent.ainvoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG, context=Context())

    asyncio.run(go())
    assert desk.calls == 2


def test_a_step_that_failed_after_its_effect_is_resumed_with_the_recorded_output(store: Store) -> None:
    desk, broken = Desk(), [True]

    async def fails_once(text: str, place: Place) -> Verdict:
        if place == "result" and broken and broken.pop():
            raise ConnectionError("the gate is down")
        return await judge()(text, place)  # type: ignore[no-any-return]

    async def go() -> Any:
        agent = graph(desk, store, judge=fails_once)
        with pytest.raises(ConnectionError):
            await agent.ainvoke(ASKED, CONFIG, context=Context())
        return await agent.ainvoke(None, CONFIG, context=Context())

    assert asyncio.run(go())["outcome"] == "answered"
    assert desk.calls == 1


@pytest.mark.parametrize("happened", [True, False])
def test_a_run_goes_on_once_a_human_has_settled_what_was_unknown(store: Store, happened: bool) -> None:
    desk = Desk(loses=True)

    async def go() -> list[str]:
        agent = graph(desk, store)
        first = await agent.ainvoke(ASKED, CONFIG, context=Context())
        key = re.search(r"warrant effects resolve (\w+) --happened, or --did-not-happen", first["reason"])
        assert key is not None
        store.resolve(key[1], happened=happened, output={"cents": 5})
        before = next(snapshot for snapshot in await history(agent) if "execute" in snapshot.next)
        last = await agent.ainvoke(None, before.config, context=Context())
        return [first["outcome"], last["outcome"]]

    assert asyncio.run(go()) == ["needs_input", "answered"]
    assert desk.calls == (1 if happened else 2)
