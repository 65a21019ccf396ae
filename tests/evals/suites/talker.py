"""An agent that only talks, without a graph: what it says is a function of the case; and an echo with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from evals.cases.case import Case
from evals.suites.agent import Played
from evals.suites.results import RunInfo
from evals.suites.runner import Job, run
from evals.suites.scoring import scoring_of
from evals.suites.suite import Suite
from evals.trajectory import Effect, Trajectory
from state.schema import Json


@dataclass(frozen=True)
class Talker:
    say: Callable[[Case], str]
    graph: str = "tests:talker"
    stamp: Mapping[str, Json] = field(default_factory=lambda: {"version": "1"})
    effects: Mapping[str, Effect] = field(default_factory=dict)

    async def play(self, case: Case) -> Played:
        text = self.say(case)
        return Played(Trajectory(input=case.input, said=(text,), answer=text, outcome="answered"))


def talked(suite: Suite, cases: list[Case], say: Callable[[Case], str], folder: Path) -> RunInfo:
    """A suite's run of such an agent."""
    agent = Talker(say)
    return run(Job(suite, cases, agent, scoring_of(suite, agent)), folder, lambda *_: None)


def echo() -> StateGraph[MessagesState]:
    """A graph that says what it was told."""
    return _saying(lambda state: state["messages"][-1].content)


def babble() -> StateGraph[MessagesState]:
    """A graph that says what is no Unicode text."""
    return _saying(lambda _: "bad \ud800")


def _saying(say: Callable[[MessagesState], Any]) -> StateGraph[MessagesState]:
    graph = StateGraph(MessagesState)
    graph.add_node("say", lambda state: {"messages": [AIMessage(say(state))]})
    graph.add_edge(START, "say")
    graph.add_edge("say", END)
    return graph
