"""A wait inside a graph is seen in its drawn trace."""

import asyncio
from functools import partial
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from rich.console import Console

from app.tree import drawn
from graphs.memory import MemorySink
from graphs.tracing import Tracer
from models.waiting import waited


class State(TypedDict, total=False):
    done: bool


async def ask(_state: State) -> State:
    await waited("queue", {"provider": "openai"}, partial(asyncio.sleep, 0.02))
    return {"done": True}


def test_a_wait_is_drawn_with_its_time_below_its_node_and_the_edge_behind_it_is_not() -> None:
    built = StateGraph(State)
    built.add_node("ask", ask)
    built.add_edge(START, "ask")
    built.add_conditional_edges("ask", lambda _: END)
    kept = MemorySink()
    asyncio.run(built.compile().ainvoke({}, {"callbacks": [Tracer([kept])], "run_name": "top"}))
    runs = sorted(kept.runs.values(), key=lambda run: run.dotted_order)
    console = Console(width=120)
    with console.capture() as shown:
        console.print(drawn(runs, hidden=False))
    [top, node, wait] = [line.split() for line in shown.get().splitlines()[4:]]
    assert (top[0], node[1], wait[1:4]) == ("top", "ask", ["queue", "chain", "ok"])
    assert int(wait[4]) >= 20
    assert [run.inputs for run in runs if run.name == "queue"] == [{"provider": "openai"}]


def test_outside_of_a_run_a_wait_is_just_a_wait() -> None:
    done = list[str]()

    async def wait() -> None:
        done.append("waited")

    asyncio.run(waited("queue", {}, wait))
    assert done == ["waited"]
