"""What a thread has read stays with those who may read it, wherever the thread is picked up again."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graphs.wiring import Parts, wire
from nodes.clearance import NOT_CLEARED
from state.agent import Context
from state.errors import UsageError
from state.passage import Passage
from tests.fakes import ScriptedChat, parts
from tests.graphs.test_wiring import Found, Number, Query, Total, claim, draft, step
from tools.capability import Caller, Capability, typed
from tools.documents import Extract, Opening

SECRET = "KESTREL"
TEXT = f"The code word is {SECRET}, said once."
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}


@dataclass
class World:
    """A caller whose labels change, and sources whose labels change."""

    held: frozenset[str] = frozenset({"hr"})
    indexed: dict[str, frozenset[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    damaged: bool = False

    def labels_of(self, sources: Iterable[str]) -> Mapping[str, frozenset[str]]:
        if self.damaged:
            raise UsageError("The index has other rules.", "Apply them.")
        return {one: self.indexed[one] for one in sources if one in self.indexed}

    def tools(self) -> list[Capability]:
        async def search(_args: Query, _caller: Caller) -> Found:
            return Found(
                passages=[Passage(id="p1", text=TEXT, source="hr.md", end=len(TEXT), labels=("hr",))]
            )

        async def open_(_args: Opening, _caller: Caller) -> Extract:
            return Extract(source="hr.md", text=TEXT, start=0, end=len(TEXT), total=len(TEXT))

        async def note(args: Query, _caller: Caller) -> Total:
            self.notes.append(args.query)
            return Total(total=1)

        async def add(args: Number, _caller: Caller) -> Total:
            return Total(total=args.value + 1)

        return [
            typed("search", "Search.", Query, Found, search, retrieves=True),
            typed("open", "Open.", Opening, Extract, open_, opens=True),
            typed("note", "Note.", Query, Total, note, writes=True),
            typed("add", "Add.", Number, Total, add),
        ]

    def parts(self, chat: ScriptedChat) -> Parts:
        tools = {name: {"effect": "read"} for name in ("search", "open", "add")}
        made = parts(chat, self.tools(), {"tools": {**tools, "note": {"effect": "write"}}})
        return replace(made, caller=lambda _: Caller(self.held), labels_of=self.labels_of)


def plan(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": list(steps), **more}


SEARCH = step("s1", "search", query="code word")
OPEN = step("s1", "open", source="hr.md")
ANSWER = draft(claim("It is KESTREL.", f"code word is {SECRET}"))
WORDS = {"$ref": "s1#/passages/0/text"}
EXTRACT = step("s2", "extract", instruction="Find it.", schema=SCHEMA, sources={"text": WORDS})
NOTE = step("s2", "note", query=WORDS)
TYPED = {"word": {"$ref": "s2#/word"}}

ROUTES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "answer": ([plan(SEARCH)], {}),
    "verify": ([plan(SEARCH)], {}),
    "release": ([plan(SEARCH)], {}),
    "schedule": ([plan(SEARCH)], {}),
    "think": ([plan(SEARCH, EXTRACT)], {}),
    "execute": ([plan(SEARCH, step("s2", "add", value=1, after=("s1",)))], {}),
    "retrieve": ([plan(SEARCH, step("s2", "search", query="more", after=("s1",)))], {}),
    "approve": ([plan(SEARCH, NOTE)], {}),
    "conclude": ([plan(SEARCH, EXTRACT, answer=TYPED)], {"answer_schema": SCHEMA}),
    "plan": ([plan(SEARCH, again=True), plan()], {}),
    "review": ([plan(SEARCH, again=True), plan()], {}),
}


def drive(world: World, where: str, change: Any) -> tuple[dict[str, Any], ScriptedChat, int, list[Any]]:
    """Stop before a node after something was read, change the world, go on; what was told from then on."""
    plans, given = ROUTES[where]
    chat = ScriptedChat(
        {"plan": [dict(one) for one in plans], "extract": [{"word": SECRET}], "answer": [ANSWER]}
    )
    told: list[Any] = []

    async def go() -> tuple[dict[str, Any], int]:
        graph = wire(world.parts(chat)).compile(checkpointer=InMemorySaver(), interrupt_before=[where])
        config: Any = {"configurable": {"thread_id": "t"}}
        start: Any = {"messages": [HumanMessage("What is the code word?")], **given}
        await graph.ainvoke(start, config, context=Context())
        while not (snapshot := await graph.aget_state(config)).values.get("read"):
            assert snapshot.next, "nothing was read"
            await graph.ainvoke(None, config, context=Context())
        change(world)
        asked, tail = len(chat.asked), wire(world.parts(chat)).compile(checkpointer=graph.checkpointer)
        async for part in tail.astream(None, config, context=Context(), stream_mode=["updates", "custom"]):
            told.append(part)
        return (await tail.aget_state(config)).values, asked

    end, asked = asyncio.run(go())
    return end, chat, asked, told


def lose(world: World) -> None:
    world.held = frozenset({"other"})


def relabel(world: World) -> None:
    world.indexed["hr.md"] = frozenset({"board"})


def add_label(world: World) -> None:
    world.indexed["hr.md"] = frozenset({"hr", "board"})


@pytest.mark.parametrize("change", [lose, relabel, add_label])
@pytest.mark.parametrize("where", ROUTES)
def test_who_may_not_read_it_any_more_is_turned_away_before_every_node(where: str, change: Any) -> None:
    world = World()
    end, chat, asked, told = drive(world, where, change)
    assert (end["outcome"], end["reason"], end["answer"]) == ("refused", NOT_CLEARED, None)
    assert chat.asked[asked:] == [], "no model is asked"
    assert world.notes == []
    assert SECRET not in repr(told)
    assert SECRET not in json.dumps([message.text for message in end["messages"]])


@pytest.mark.parametrize("where", [one for one in ROUTES if one != "approve"])
def test_who_still_may_goes_on(where: str) -> None:
    end, *_ = drive(World(), where, lambda _: None)
    assert end["outcome"] == "answered"


def test_a_source_that_is_public_now_may_be_read_by_everybody() -> None:
    def publish(world: World) -> None:
        world.indexed["hr.md"] = world.held = frozenset()

    end, *_ = drive(World(), "answer", publish)
    assert SECRET in end["answer"]["text"]


def test_if_it_cannot_be_known_nobody_reads() -> None:
    def damage(world: World) -> None:
        world.damaged = True

    end, *_ = drive(World(), "answer", damage)
    assert (end["outcome"], end["reason"]) == ("failed", "The index has other rules. Apply them.")


def turns(world: World, chat: ScriptedChat, *changes: Any) -> dict[str, Any]:
    async def go() -> dict[str, Any]:
        graph = wire(world.parts(chat)).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        for change in (lambda _: None, *changes):
            change(world)
            given: Any = change if isinstance(change, Command) else {"messages": [HumanMessage("And?")]}
            await graph.ainvoke(given, config, context=Context())
        return (await graph.aget_state(config)).values

    return asyncio.run(go())


@pytest.mark.parametrize("first", [SEARCH, OPEN])
def test_the_next_turn_is_not_told_what_an_earlier_one_said(first: dict[str, Any]) -> None:
    told = ANSWER if first is SEARCH else draft(claim("It is KESTREL.", f"code word is {SECRET}", "s1"))
    world, chat = World(), ScriptedChat({"plan": [plan(first), plan()], "answer": [told, draft()]})
    end = turns(world, chat, lose)
    assert (end["outcome"], end["reason"]) == ("refused", NOT_CLEARED)
    assert len(chat.asked) == 2, "only those of the first turn"


def test_an_opened_document_that_is_gone_is_for_those_with_all_labels_of_its_reader() -> None:
    chat = ScriptedChat({"plan": [plan(OPEN), plan()], "answer": [draft(), draft(missing="It is not told.")]})
    world = World(indexed={"hr.md": frozenset({"hr"})})
    assert turns(world, chat, lambda world: world.indexed.clear())["outcome"] == "answered"
    lost = ScriptedChat({"plan": [plan(OPEN)], "answer": [draft()]})
    assert turns(world, lost, lose)["outcome"] == "refused"


def test_a_request_cannot_say_what_was_read() -> None:
    async def go() -> dict[str, Any]:
        chat = ScriptedChat({"plan": [plan(SEARCH)], "answer": [ANSWER]})
        graph = wire(World().parts(chat)).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        given: Any = {"messages": [HumanMessage("And?")], "read": {"x": []}, "labels": ["hr"]}
        await graph.ainvoke(given, config, context=Context())
        return (await graph.aget_state(config)).values

    assert asyncio.run(go())["read"] == {"hr.md": ["hr"]}
