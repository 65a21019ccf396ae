"""Replays of runs that were streamed, in every mode, of graphs that keep no checkpoints."""

import asyncio
import json
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph, add_messages
from typer.testing import CliRunner
from typing_extensions import TypedDict

from app.cli import cli
from benchmarks.replay_graphs import LIVE, Streaming, add
from graphs.memory import MemorySink
from graphs.tracing import Tracer

GRAPH = f"{__name__}:graph"
MODES = ("values", "updates", "messages", "custom", "debug", "tasks")


class Loose(TypedDict, total=False):
    """State with something that no checkpoint can hold."""

    messages: Annotated[list[AnyMessage], add_messages]
    lock: Any
    total: float


def graph() -> Any:
    """Write to the stream, ask a model that streams, call a tool; no checkpoints."""
    model = Streaming(script=lambda messages: AIMessage(f"Well, {messages[-1].content}"))

    def ask(state: Loose) -> Loose:
        get_stream_writer()({"progress": 1})
        return {"messages": [model.invoke(state["messages"])], "lock": Lock()}

    async def count(state: Loose) -> Loose:
        with state["lock"]:
            get_stream_writer()({"progress": 2})
        return {"total": await add.ainvoke({"a": 1, "b": 2})}

    built: Any = StateGraph(Loose)
    built.add_node("ask", ask)
    built.add_node("count", count)
    built.add_node("inner", built_inner())
    built.add_edge(START, "ask")
    built.add_edge("ask", "count")
    built.add_edge("count", "inner")
    return built.compile()


def built_inner() -> Any:
    """A graph within, which streams as well."""
    model = Streaming(script=lambda messages: AIMessage(f"So, {len(messages)} words"))

    async def inner(state: Loose) -> Loose:
        said = [piece async for piece in model.astream(state["messages"])]
        return {"messages": [AIMessage("".join(str(piece.content) for piece in said))]}

    built: Any = StateGraph(Loose)
    return built.add_node("inner", inner).add_edge(START, "inner").compile()


async def streamed(mode: Any, sink: MemorySink) -> list[Any]:
    config: Any = {"callbacks": [Tracer([sink])]}
    given: Any = {"messages": [("user", "hello there")]}
    if mode == "events":
        return [piece async for piece in graph().astream_events(given, config, version="v2")]
    return [piece async for piece in graph().astream(given, config, stream_mode=mode, subgraphs=True)]


@pytest.mark.parametrize("mode", [*MODES, ["messages", "updates", "custom"], "events"], ids=str)
def test_a_streamed_run_is_replayed(mode: Any, tmp_path: Path) -> None:
    sink, file = MemorySink(), tmp_path / "run.jsonl"
    assert asyncio.run(streamed(mode, sink))
    file.write_text("".join(run.model_dump_json() + "\n" for run in sink.runs.values()))
    LIVE.clear()
    done = CliRunner().invoke(cli, ["replay", str(file), "--graph", GRAPH, "--json"])
    said = json.loads(done.stdout)["replays"][0]
    assert (said["divergence"], said["answered"], LIVE) == (None, 3, {})
