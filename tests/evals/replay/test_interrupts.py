"""Replays of runs that stopped to ask: in a tool, in a subgraph, several times, several at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from benchmarks.replay_graphs import asked
from evals.replay.graph import isolated
from evals.replay.recording import recordings
from evals.replay.replaying import replay
from graphs.memory import MemorySink
from graphs.tracing import Tracer
from state.trace import Run

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Talk(TypedDict, total=False):
    """State of the graphs here."""

    messages: Annotated[list[AnyMessage], add_messages]
    told: Annotated[list[str], lambda one, other: one + other]


@dataclass(frozen=True)
class Question:
    """A question that is no plain JSON."""

    text: str


ran: list[str] = []


@tool
def careful(what: str, times: int = 1) -> str:
    """Ask so many times before it is done."""
    ran.append(what)
    return f"{what}: " + " ".join(str(interrupt({"may I": what, "nth": nth})) for nth in range(times))


@tool
def formal(what: str) -> str:
    """Ask with an object."""
    ran.append(what)
    return f"{what}: {interrupt(Question(what))}"


@tool
def strict(what: str) -> str:
    """Ask the same until the answer is right."""
    ran.append(what)
    schema = {"type": "string", "description": "as in f(x), or none"}
    answers = [interrupt("Which (one), sir?", response_schema=schema) for _ in range(3)]
    return f"{what}: {answers}"


def graph(*nodes: Any, parallel: bool = False) -> Any:
    built: Any = StateGraph(Talk)
    for nth, node in enumerate(nodes):
        built.add_node(f"n{nth}", node)
        built.add_edge(START if parallel or not nth else f"n{nth - 1}", f"n{nth}")
    return built


def told(*values: object) -> Any:
    return {"told": [str(value) for value in values]}


async def in_a_node(_state: Talk) -> Any:
    """A tool asks, then the node asks, then the tool asks something else, twice."""
    first = await careful.ainvoke({"what": "one"})
    then = interrupt("and you?")
    return told(first, then, await careful.ainvoke({"what": "two", "times": 2}))


async def twice_the_same(_state: Talk) -> Any:
    return told(*[await careful.ainvoke({"what": "same", "times": 2}) for _ in range(2)], interrupt("so?"))


def sync(_state: Talk) -> Any:
    return told(careful.invoke({"what": "sync"}), interrupt("sync?"))


def with_an_object(_state: Talk) -> Any:
    return told(formal.invoke({"what": "x"}), interrupt("more?"))


def asking_the_same(_state: Talk) -> Any:
    return told(strict.invoke({"what": "x"}), interrupt("Which (one), sir?"))


@task
async def work(nth: int) -> str:
    return str(await careful.ainvoke({"what": f"job {nth}"}))


@entrypoint()
async def functions(given: dict[str, Any]) -> dict[str, Any]:
    """The same as functions, which run again from their start."""
    done = [await work(nth) for nth in range(2)]
    return {"told": [*given["told"], *done, interrupt("and?")]}


def model(*calls: dict[str, Any]) -> Callable[[Talk], Any]:
    return lambda _state: {"messages": [AIMessage("", tool_calls=list(calls))]}


ONE = model(asked("careful", {"what": "a", "times": 2}, "c1"))
TOOLS = ToolNode([careful])
INNER = graph(in_a_node, sync).compile()


async def calling_a_subgraph(_state: Talk) -> Any:
    found = await INNER.ainvoke({"told": []})
    return told(*found["told"], interrupt("outer?"))


GRAPHS = {
    "in a node": graph(in_a_node),
    "the same twice": graph(twice_the_same),
    "sync": graph(sync),
    "object": graph(with_an_object),
    "the same question": graph(asking_the_same),
    "functions": functions,
    "tool node": graph(ONE, TOOLS),
    "subgraph": graph(INNER, sync),
    "called subgraph": graph(calling_a_subgraph),
    "at once": graph(in_a_node, sync, with_an_object, parallel=True),
    "subgraphs at once": graph(INNER, INNER, parallel=True),
}


async def record(built: Any, *, by_id: bool) -> list[list[Run]]:
    """Traces of a thread that is answered until it ends."""
    sink = MemorySink()
    config: Any = {"configurable": {"thread_id": "t"}, "callbacks": [Tracer([sink])]}
    saver = InMemorySaver()
    compiled = (
        built.copy({"checkpointer": saver}) if built is functions else built.compile(checkpointer=saver)
    )
    found = await compiled.ainvoke({"told": []}, config)
    nth = 0
    while waiting := found.get("__interrupt__"):
        nth += 1
        answers = {one.id: f"answer {nth} to {one.value}" for one in waiting}
        several = by_id or len(waiting) > 1
        found = await compiled.ainvoke(Command(resume=answers if several else f"answer {nth}"), config)
    by_trace: dict[str, list[Run]] = {}
    for run in sink.runs.values():
        by_trace.setdefault(run.trace_id, []).append(run)
    ran.clear()
    return list(by_trace.values())


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("by_id", [True, False])
async def test_a_run_that_asks_is_answered_as_it_was(name: str, by_id: bool) -> None:
    kept = await record(GRAPHS[name], by_id=by_id)
    found = await replay(isolated(GRAPHS[name]), recordings(kept))
    assert found.divergence is None, str(found.divergence)
    assert len(kept) > 2
    assert not ran
