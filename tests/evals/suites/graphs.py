"""Graphs that suites run in tests."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

from evals.cases.case import Case
from evals.scores import Score
from evals.trajectory import Trajectory

KILLED = "WARRANT_TEST_KILLED"
"""Names a file; a run of the case `kill` ends the whole process unless it is there."""


@tool
def write_down(text: str) -> str:
    """Write a text down."""
    return f"wrote {text}"


def answer(state: MessagesState) -> dict[str, Any]:
    """Do what the question says."""
    asked = str(state["messages"][-1].content)
    match asked:
        case "raise":
            raise ValueError("a mistake of the graph")
        case "unreachable":
            raise RuntimeError("no model") from httpx.ConnectError("refused")
        case "missing":
            raise FileNotFoundError("prompt.md")
        case "approve":
            decided = interrupt("may I?")
            return {"messages": [AIMessage(f"You said {decided}.")]}
        case "kill" if not Path(os.environ[KILLED]).exists():
            Path(os.environ[KILLED]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if asked.startswith("write "):
        write_down.invoke({"text": asked.removeprefix("write ")})
    return {"messages": [AIMessage(f"You asked: {asked}")]}


def uncompiled() -> StateGraph[MessagesState]:
    graph = StateGraph(MessagesState)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph


compiled = uncompiled().compile()


async def hang(_: MessagesState) -> dict[str, Any]:
    import asyncio

    await asyncio.Event().wait()
    return {}


def hanging() -> StateGraph[MessagesState]:
    graph = StateGraph(MessagesState)
    graph.add_node("hang", hang)
    graph.add_edge(START, "hang")
    return graph


def polite(_: Case, trajectory: Trajectory) -> list[Score]:
    """A scorer of one's own."""
    good = "please" in trajectory.text
    return [Score(name="polite", value=float(good), passed=good)]


def broken(_: Case, __: Trajectory) -> list[Score]:
    raise ZeroDivisionError
