"""Replays of foreign tools: injected arguments, commands, artifacts, failures, JSON Schemas, defaults."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from pydantic import BaseModel, Field

from benchmarks.replay_graphs import Scripted, asked
from evals.replay.graph import isolated
from evals.replay.recording import recordings
from evals.replay.replaying import Replayed, replay
from evals.replay.tape import Live, Tape
from graphs.memory import MemorySink
from graphs.tracing import Tracer
from state.trace import Run
from tests.evals.replay.shop import LIVE, TOOLS, Shop, graph

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_live() -> Iterator[None]:
    LIVE.clear()
    yield


def calling(*turns: list[dict[str, Any]]) -> Scripted:
    """A model that makes these calls, turn by turn, and then answers."""

    def script(messages: Any) -> AIMessage:
        nth = sum(message.type == "ai" for message in messages)
        return AIMessage("", tool_calls=turns[nth]) if nth < len(turns) else AIMessage("Done.")

    return Scripted(script=script)


async def record(built: Any) -> list[Run]:
    sink = MemorySink()
    config: Any = {"configurable": {"thread_id": "t"}, "callbacks": [Tracer([sink])]}
    with suppress(ValueError, ToolException):
        await built.compile(checkpointer=InMemorySaver()).ainvoke({"messages": [("user", "Go.")]}, config)
    LIVE.clear()
    return list(sink.runs.values())


async def again(built: Any, kept: list[Run], tape: Tape | None = None) -> Replayed:
    return await replay(isolated(built), recordings([kept]), tape)


def last(runs: tuple[Run, ...] | list[Run]) -> Any:
    return next(run for run in runs if run.parent_run_id is None).outputs


EVERY = [asked(one.name, {"item": "tea"}, f"c{nth}") for nth, one in enumerate(TOOLS)]


@pytest.mark.parametrize(
    "call", [*([one] for one in EVERY), EVERY], ids=lambda call: call[0]["name"] + str(len(call))
)
async def test_a_tool_of_every_kind_gives_what_it_gave(call: list[dict[str, Any]]) -> None:
    kept = await record(graph(calling(call)))
    found = await again(graph(calling(call)), kept)
    assert (found.divergence, found.answered, LIVE) == (None, len(call) + 2, {})


async def test_the_command_of_a_tool_changes_the_state_and_an_artifact_is_kept() -> None:
    model = calling([asked("put", {"item": "tea"}, "c1"), asked("picture", {"item": "tea"}, "c2")])
    found = await again(graph(model), await record(graph(model)))
    assert last(found.runs)["basket"] == ["tea"]
    messages = last(found.runs)["messages"]
    assert [m.get("artifact") for m in messages if m["type"] == "tool"] == [
        None,
        {"png": "teatea", "for": True},
    ]
    assert [m["tool_call_id"] for m in messages if m["type"] == "tool"] == ["c1", "c2"]


@pytest.mark.parametrize("handle", [True, False, "Sorry.", ValueError, (ValueError,)], ids=str)
@pytest.mark.parametrize("item", ["sofa", "tea"])
async def test_a_failure_is_handled_as_it_was(handle: Any, item: str) -> None:
    # One call: of two threads that did not overlap in the recording, the order counts.
    model = calling([asked("ship", {"item": item}, "c1")])
    kept = await record(graph(model, handle=handle))
    found = await again(graph(model, handle=handle), kept)
    assert (found.divergence, LIVE) == (None, {})


@pytest.mark.parametrize("args", [{}, {"item": 3}, {"item": {"a": 1}}, {"item": "a", "more": 1}], ids=str)
async def test_arguments_that_a_tool_refuses_are_refused_again(args: dict[str, Any]) -> None:
    model = calling([asked("price", args, "c1"), asked("nothing", args, "c2"), asked("rate", args, "c3")])
    found = await again(graph(model), await record(graph(model)))
    assert (found.divergence, LIVE) == (None, {})


async def test_an_mcp_tool_is_live_when_it_is_named() -> None:
    model = calling([asked("rate", {"item": "tea", "stars": 5}, "c1"), asked("price", {"item": "tea"}, "c2")])
    kept = await record(graph(model))
    found = await again(graph(model), kept, Tape(live=Live(tools=lambda name: name == "rate")))
    assert (found.divergence, found.live, dict(LIVE)) == (None, 1, {"rate": 1})
    assert [m["artifact"] for m in last(found.runs)["messages"] if m.get("name") == "rate"] == [
        {"structured_content": {"item": "tea", "stars": 5}}
    ]


class Listing(BaseModel):
    """Arguments with defaults of several kinds."""

    topic: str
    limit: int = 10
    tags: list[str] = Field(default_factory=list)
    exact: bool | None = None


def _listing(topic: str, limit: int = 10, tags: Any = (), exact: bool | None = None) -> str:
    LIVE["listing"] += 1
    return f"{topic} {limit} {tags} {exact}"


def listing(**changes: Any) -> BaseTool:
    made: BaseTool = StructuredTool.from_function(
        _listing, name="listing", description="List.", args_schema=Listing
    )
    return made.model_copy(update=changes)


@tool("listing")
def plain(topic: str, limit: int = 10, exact: bool | None = None) -> str:
    """List."""
    LIVE["listing"] += 1
    return f"{topic} {limit} {exact}"


class Own(BaseTool):
    """A tool of a class without a schema."""

    name: str = "listing"
    description: str = "List."

    def _run(self, topic: str, limit: int = 10, exact: bool | None = None) -> str:
        LIVE["listing"] += 1
        return f"{topic} {limit} {exact}"


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "topic": {"type": "string"},
        "limit": {"type": "integer", "default": 10},
        "exact": {"type": ["boolean", "null"], "default": None},
    },
}
KINDS: dict[str, Callable[[], BaseTool]] = {
    "pydantic": listing,
    "function": lambda: plain,
    "class": Own,
    "json": lambda: listing(args_schema=JSON_SCHEMA),
}
SHORT, LONG = {"topic": "t"}, {"topic": "t", "limit": 10, "exact": None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("before", "after"), [(SHORT, LONG), (LONG, SHORT), (SHORT, {"topic": "t", "limit": 10.0})]
)
async def test_an_argument_left_out_is_one_at_its_default(kind: str, before: Any, after: Any) -> None:
    def built(args: dict[str, Any]) -> Any:
        async def node(_state: Any) -> Any:
            return {"basket": [str(await KINDS[kind]().ainvoke(args))]}

        made: Any = StateGraph(Shop)
        return made.add_node("node", node).add_edge(START, "node")

    found = await again(built(after), await record(built(before)))
    assert (found.divergence, LIVE) == (None, {})
    other = await again(built({**after, "limit": 11}), await record(built(before)))
    assert other.divergence is not None
    assert other.divergence.difference == "argument"


async def test_a_default_that_changed_since_is_a_change() -> None:
    def built(args: dict[str, Any], default: int) -> Any:
        schema = {"type": "object", "properties": {"topic": {}, "limit": {"default": default}}}

        async def node(_state: Any) -> Any:
            return {"basket": [str(await listing(args_schema=schema).ainvoke(args))]}

        made: Any = StateGraph(Shop)
        return made.add_node("node", node).add_edge(START, "node")

    kept = await record(built({"topic": "t", "limit": 10}, 10))
    assert (await again(built({"topic": "t"}, 20), kept)).divergence is not None
    assert (await again(built({"topic": "t", "limit": 10}, 20), kept)).divergence is None
