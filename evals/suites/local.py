"""Agents that run in this process: any LangGraph graph, traced in memory."""

import asyncio
import hashlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import langsmith
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph, StateGraph
from langgraph.types import Command, Interrupt

from evals.cases.case import Case
from evals.suites.agent import Played
from evals.suites.infrastructure import InfrastructureError, is_infrastructure
from evals.traces.trajectories import trajectory_of_runs
from evals.trajectory import Effect
from graphs.tracing import Tracer
from models.prices import cost
from state.canonical import digest
from state.errors import UsageError
from state.schema import Json
from state.trace import Run

Graph = CompiledStateGraph[Any, Any, Any, Any]


class MemorySink:
    """Keeps the last record of each run."""

    def __init__(self) -> None:
        """Begin empty."""
        self._runs: dict[str, Run] = {}

    def put(self, run: Run, *, urgent: bool) -> None:  # noqa: ARG002  the shape of a sink
        """Take a record."""
        self._runs[run.id] = run

    def flush(self, timeout: float) -> bool:  # noqa: ARG002  the shape of a sink
        """Nothing is under way."""
        return True

    def runs(self) -> tuple[Run, ...]:
        """The runs in the order in which they began."""
        return tuple(sorted(self._runs.values(), key=lambda run: run.dotted_order))


@dataclass(frozen=True)
class LocalAgent:
    """A graph by `module:name`; its state is fresh for each run, what else it keeps is its own affair."""

    graph: str
    seconds: float
    effects: Mapping[str, Effect] = field(default_factory=dict)

    @property
    def stamp(self) -> Mapping[str, Json]:
        """Its name, and the hashes of its drawing and of the module's source."""
        drawing = digest(load_graph(self.graph).get_graph().to_json())
        return {"name": self.graph, "graph": drawing, "source": _source(self.graph)}

    async def play(self, case: Case) -> Played:
        """Run the case in a new thread."""
        return await play(load_graph(self.graph), case, graph_input(case), self.seconds, effects=self.effects)


def graph_input(case: Case) -> Json:
    """The case's input as a graph takes it: a text becomes the user's message."""
    return {"messages": [HumanMessage(case.input)]} if isinstance(case.input, str) else case.input


async def play(
    graph: Graph,
    case: Case,
    given: Json,
    seconds: float,
    *,
    effects: Mapping[str, Effect],
    context: object = None,
) -> Played:
    """Run a graph, answering its interrupts as the case says, and give what it did.

    Raises:
        InfrastructureError: something around the graph failed.
        UsageError: the agent is set up wrongly.
    """
    langsmith.configure(enabled=False)  # a case may hold what must not leave this machine
    sink = MemorySink()
    config: RunnableConfig = {
        "configurable": {"thread_id": str(uuid4())},
        "callbacks": [Tracer([sink], cost)],
    }
    failed: Exception | None = None
    try:
        async with asyncio.timeout(seconds) as limit:
            await _to_its_end(graph, given, case.resume, config, context)
    except UsageError:
        raise
    except Exception as error:  # whatever a graph raises is told apart by its type
        if is_infrastructure(error):
            raise InfrastructureError(f"{type(error).__name__}: {error}", "Run the suite again.") from error
        failed = error
    runs = sink.runs()
    if not runs:
        raise InfrastructureError(f"The graph did not begin: {failed}", "Check the case's input.") from failed
    trajectory = trajectory_of_runs(runs, effects)
    if failed is not None:
        reason = f"It took longer than {seconds:g} s." if limit.expired() else repr(failed)
        trajectory = replace(trajectory, ended=False, error=reason)
    return Played(replace(trajectory, input=case.input), runs)


async def _to_its_end(
    graph: Graph, given: Json, answers: Sequence[Json], config: RunnableConfig, context: object
) -> None:
    """Run until nothing waits, or no answer is left for what does."""
    left = list(answers)
    await graph.ainvoke(given, config, context=context)
    while left and (waiting := (await graph.aget_state(config)).interrupts):
        await graph.ainvoke(Command(resume=_answer(waiting, left)), config, context=context)


def _answer(waiting: Sequence[Interrupt], left: list[Json]) -> Json:
    """The next answer, or one for each where several wait at once."""
    if len(waiting) == 1:
        return left.pop(0)
    return {one.id: left.pop(0) for one in waiting if left}


def load_graph(name: str) -> Graph:
    """A graph of a module, which may lie in the current folder; it is given a checkpointer in memory.

    Raises:
        UsageError: there is none, or it is no graph.
    """
    found = load(name, "a graph")
    made = found if isinstance(found, StateGraph | CompiledStateGraph) else _made(found, name)
    if isinstance(made, StateGraph):
        return made.compile(checkpointer=InMemorySaver())
    if isinstance(made, CompiledStateGraph):
        return made.copy({"checkpointer": InMemorySaver()})
    raise UsageError(
        f"{name} is no LangGraph graph but {type(made).__name__}.", "Name a StateGraph or a compiled graph."
    )


def load(name: str, what: str) -> Any:  # noqa: ANN401  anything a module may hold
    """What a module holds under a name.

    Raises:
        UsageError: there is no such module or name.
    """
    here = str(Path.cwd())
    if here not in sys.path:  # a console script does not look there
        sys.path.insert(0, here)
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"There is no {name!r}: {error}.", f"Name {what} as module:name.") from error


def _source(name: str) -> str | None:
    path = sys.modules[name.partition(":")[0]].__file__
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else None


def _made(found: Any, name: str) -> object:  # noqa: ANN401  anything a module may hold
    if not callable(found):
        return found
    try:
        return found()
    except TypeError as error:
        raise UsageError(f"{name} cannot be called without arguments: {error}.", "Name a graph.") from error
