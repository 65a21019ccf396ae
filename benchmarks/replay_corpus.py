"""A corpus of recorded runs, and changes seeded into recordings."""

# ruff: noqa: ANN401  LangChain's signatures

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from benchmarks.replay_graphs import SHAPES
from evals.replay.graph import Graph, isolated
from evals.replay.recording import Recording, recordings
from graphs.memory import MemorySink
from graphs.parts import assembled
from graphs.tracing import Tracer
from graphs.wiring import wire
from state.agent import Context
from state.policy import load_policy
from state.settings import settings
from state.store import Store
from state.trace import Run

Change: TypeAlias = Callable[[list[Run], list[Recording], random.Random], list[Run] | None]


@dataclass(frozen=True)
class Sample:
    """The traces of one thread."""

    shape: str
    seed: int
    traces: list[list[Run]]

    def graph(self) -> Graph:
        """The graph that was recorded."""
        return isolated(SHAPES[self.shape](self.seed))


async def recorded(shape: str, seed: int) -> Sample:
    """Run a graph live and keep its traces."""
    graph = SHAPES[shape](seed).compile(checkpointer=InMemorySaver(), name=shape)
    sink = MemorySink()
    config: Any = {"configurable": {"thread_id": f"{shape}-{seed}"}, "callbacks": [Tracer([sink])]}
    given: dict[str, Any] = {"messages": [HumanMessage(f"{shape} {seed}")]}
    found = await graph.ainvoke(given, config)
    if "__interrupt__" in found:
        await graph.ainvoke(Command(resume="yes"), config)
    return Sample(shape, seed, _traces(sink.runs.values()))


def _calls(found: list[Recording]) -> list[Run]:
    return [call.run for one in found for call in one.calls if call.kind == "tool"]


def _replaced(runs: list[Run], *changed: Run) -> list[Run]:
    by_id = {run.id: run for run in changed}
    return [by_id.get(run.id, run) for run in runs]


def wrong_tool(runs: list[Run], found: list[Recording], chance: random.Random) -> list[Run] | None:
    """Another tool."""
    run = chance.choice(_calls(found))
    return _replaced(runs, run.model_copy(update={"name": f"{run.name}_other"}))


def argument(runs: list[Run], found: list[Recording], chance: random.Random) -> list[Run] | None:
    """Another value of one argument."""
    run = chance.choice(_calls(found))
    name, value = chance.choice(sorted(run.inputs.items()))
    changed = value + 1 if isinstance(value, int | float) else f"{value}!"
    return _replaced(runs, run.model_copy(update={"inputs": {**run.inputs, name: changed}}))


def order(runs: list[Run], found: list[Recording], chance: random.Random) -> list[Run] | None:
    """Two calls that the recording orders, the other way round; None if there are none."""
    pairs = [
        (one.calls[i].run, one.calls[j].run)
        for one in found
        for j, before in enumerate(one.before)
        for i in range(len(one.calls))
        if before >> i & 1 and _swappable(one, i, j)
    ]
    if not pairs:
        return None
    first, second = chance.choice(pairs)
    what = ("name", "inputs", "outputs", "error")
    return _replaced(
        runs,
        first.model_copy(update={name: getattr(second, name) for name in what}),
        second.model_copy(update={name: getattr(first, name) for name in what}),
    )


def _swappable(one: Recording, i: int, j: int) -> bool:
    first, second = one.calls[i], one.calls[j]
    return first.kind == second.kind == "tool" and (first.name, first.asked) != (second.name, second.asked)


def extra(runs: list[Run], found: list[Recording], chance: random.Random) -> list[Run] | None:
    """The graph makes a call more than was recorded."""
    gone = chance.choice(_calls(found))
    return [run for run in runs if run.id != gone.id]


def missing(runs: list[Run], found: list[Recording], chance: random.Random) -> list[Run] | None:
    """The graph makes a call less than was recorded."""
    run = chance.choice(_calls(found))
    return [*runs, run.model_copy(update={"id": f"{run.id}-2", "dotted_order": f"{run.dotted_order}-2"})]


CHANGES: dict[str, Change] = {
    "wrong tool": wrong_tool,
    "argument": argument,
    "order": order,
    "extra": extra,
    "missing": missing,
}


def respelled(runs: list[Run]) -> list[Run]:
    """The same arguments with keys in another order and 1.0 for 1."""
    return [
        run.model_copy(update={"inputs": _spelled(run.inputs)}) if run.run_type == "tool" else run
        for run in runs
    ]


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spelled(one) for key, one in reversed(value.items())}
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return float(value) if type(value) is int else value


def changed(sample: Sample, chance: random.Random) -> Iterator[tuple[str, list[Recording]]]:
    """The recordings with each change seeded."""
    runs = [run for trace in sample.traces for run in trace]
    found = recordings(sample.traces)
    for name, change in CHANGES.items():
        if (altered := change(runs, found, chance)) is not None:
            yield name, recordings(_traces(altered))


QUESTIONS = ("What is {n} * 23?", "What is the status of order WR-104{d}?", "Please refund order WR-104{d}.")


async def own_recorded(seed: int, folder: Path) -> Sample:
    """A run of our own agent, its effects in a folder; an approval is given where one is asked for."""
    sink, chosen = MemorySink(), settings().model_copy(update={"home": folder / str(seed)})
    chosen.home.mkdir()
    question = QUESTIONS[seed % len(QUESTIONS)].format(n=17 + seed, d=2 + seed % 7)
    config: Any = {"configurable": {"thread_id": f"own-{seed}"}, "callbacks": [Tracer([sink])]}
    with closing(Store(chosen.database_url())) as store:
        parts = assembled(chosen, load_policy(chosen.policy), store)
        graph = wire(parts).compile(checkpointer=InMemorySaver(), name="warrant")
        found = await graph.ainvoke({"messages": [HumanMessage(question)]}, config, context=Context())
        if "__interrupt__" in found:
            answer = {"decisions": [{"type": "approve"}]}
            await graph.ainvoke(Command(resume=answer), config, context=Context())
    return Sample("agent", seed, _traces(sink.runs.values()))


def _traces(runs: Iterable[Run]) -> list[list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.trace_id, []).append(run)
    return list(found.values())
