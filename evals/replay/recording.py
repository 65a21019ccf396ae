"""Recordings: the calls of a trace that reached the outside, and the order that it fixes among them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, TypeAlias

from pydantic import ValidationError

from models.tape import flat, line_of
from state.errors import UsageError
from state.schema import Json
from state.trace import Run

Kind: TypeAlias = Literal["model", "tool", "retriever"]
KINDS: dict[str, Kind] = {"llm": "model", "tool": "tool", "retriever": "retriever"}
LEAVES = {"tool", "retriever"}
"""What these call themselves is not called in a replay, since they do not run."""
BROKEN = "Export it again, all of it: warrant trace export ID > FILE."
UNENDED = "Let the graph go on from its checkpoint, or run it again, and replay that."


@dataclass(frozen=True)
class Place:
    """Where in a graph a call stands: superstep, names of the nodes around it, and the task's path."""

    step: int | None
    nodes: tuple[str, ...]
    path: str
    task: str = field(default="", compare=False)
    """The task's name space, which is new in each run."""

    def __str__(self) -> str:
        """The form that is shown."""
        return "/".join(self.nodes) + (f" (superstep {self.step})" if self.step is not None else "")


@dataclass(frozen=True)
class Recorded:
    """One call that was recorded."""

    number: int
    """Counted from 1 over all traces that are replayed together."""
    kind: Kind
    name: str
    asked: Json
    """Arguments of a tool, the query of a retrieval, or the lines of a prompt."""
    run: Run
    place: Place
    answers: int = 0
    """Answers of a human that it takes up, since it stopped to ask in earlier traces of the thread."""


@dataclass(frozen=True)
class Recording:
    """One trace."""

    root: Run
    calls: tuple[Recorded, ...]
    before: tuple[int, ...]
    """For each call, as the bits of a number, the calls that must have begun before it."""
    interrupts: tuple[str, ...]
    """What the run stopped to ask, as the errors of its nodes say it."""
    nodes: tuple[str, ...] = ()
    """Names of the outermost nodes that ran, in the order in which they began."""


def recordings(traces: Iterable[Sequence[Run]]) -> list[Recording]:
    """The recordings of traces, the oldest first, calls numbered on from one to the next.

    Raises:
        UsageError: a trace has no root or did not end, or a call cannot be read.
    """
    found: list[Recording] = []
    number = 1
    for runs in sorted((list(one) for one in traces), key=lambda runs: min(run.start_time for run in runs)):
        found.append(_recording(runs, number))
        number += len(found[-1].calls)
    return found


def threads(runs: Iterable[Run]) -> list[list[list[Run]]]:
    """Runs as traces, and the traces of one thread together, which are replayed one after the other."""
    by_trace = [
        list(group) for _, group in groupby(sorted(runs, key=lambda run: run.trace_id), lambda r: r.trace_id)
    ]
    found: dict[str, list[list[Run]]] = {}
    for trace in by_trace:
        root = next((run for run in trace if run.parent_run_id is None), trace[0])
        found.setdefault(str(root.metadata.get("thread_id") or root.trace_id), []).append(trace)
    return sorted(found.values(), key=lambda traces: min(run.start_time for one in traces for run in one))


def place_of(metadata: dict[str, Json]) -> Place:
    """Where the metadata of a run or a config stands."""
    task = str(metadata.get("langgraph_checkpoint_ns") or "")
    names = task.split("|")
    nodes = tuple(name.partition(":")[0] for name in names if name)
    step = metadata.get("langgraph_step")
    return Place(step, nodes, ".".join(map(str, metadata.get("langgraph_path") or ())), task)


def _recording(runs: list[Run], first: int) -> Recording:
    known = {run.id: run for run in runs}
    root = next((run for run in runs if run.parent_run_id is None), None)
    if root is None:
        raise UsageError(f"The trace {runs[0].trace_id} has no root run.", BROKEN)
    if root.status == "running":
        raise UsageError(f"The trace {root.id} has no end: its process was stopped.", UNENDED)
    chains = {run.id: _chain(run, known) for run in runs}
    made = [run for run in runs if run.run_type in KINDS and not _inside(chains[run.id])]
    made.sort(key=lambda run: (run.start_time, run.dotted_order))
    calls = tuple(_recorded(run, number) for number, run in enumerate(made, first))
    asked = [chains[call.run.id] for call in calls]
    before = tuple(sum(1 << i for i, one in enumerate(asked) if _precedes(one, other)) for other in asked)
    return Recording(root, calls, before, tuple(interrupts_of(runs)), _outermost(runs))


def _outermost(runs: list[Run]) -> tuple[str, ...]:
    places = [place_of(run.metadata).nodes for run in sorted(runs, key=lambda run: run.start_time)]
    return tuple(dict.fromkeys(nodes[0] for nodes in places if nodes))


def interrupts_of(runs: Sequence[Run]) -> list[str]:
    """The errors of the innermost runs that stopped to ask."""
    stopped = [run for run in runs if run.status == "interrupted"]
    parents = {run.parent_run_id for run in stopped}
    return [run.error or "" for run in stopped if run.id not in parents]


def _chain(run: Run, known: dict[str, Run]) -> list[Run]:
    """The run and what it is part of, from the root down."""
    chain = [run]
    while (parent := known.get(chain[-1].parent_run_id or "")) and parent not in chain:
        chain.append(parent)
    return chain[::-1]


def _inside(chain: list[Run]) -> bool:
    return any(run.run_type in LEAVES for run in chain[:-1])


def _recorded(run: Run, number: int) -> Recorded:
    kind = KINDS[run.run_type]
    try:
        asked = _lines(run) if kind == "model" else run.inputs.get("query") if kind != "tool" else run.inputs
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise UsageError(f"The prompt of run {run.id} cannot be read: {error!r}.", BROKEN) from error
    if kind == "model" and run.status == "ok" and not _has_reply(run):
        raise UsageError(f"The reply of run {run.id} is missing.", BROKEN)
    return Recorded(number, kind, run.name, asked, run, place_of(run.metadata))


def _has_reply(run: Run) -> bool:
    match run.outputs:
        case {"generations": [[{**reply}, *_], *_]}:
            return "message" in reply or "text" in reply
    return False


def _lines(run: Run) -> list[str]:
    if "prompts" in run.inputs:
        return [str(prompt) for prompt in run.inputs["prompts"]]
    return [str(line) for message in flat(run.inputs["messages"]) if (line := line_of(message))]


def _precedes(one: list[Run], other: list[Run]) -> bool:
    """Whether the recording fixes that the last run of one chain comes before that of the other."""
    for above, (left, right) in enumerate(zip(one, other, strict=False)):
        if left.id != right.id:
            around = one[above - 1] if above else None
            return _is_before(left, right, around)
    return False


def _is_before(left: Run, right: Run, around: Run | None) -> bool:
    if _is_task(left, around) and _is_task(right, around) and not _is_retry(left, right):
        return bool(left.metadata["langgraph_step"] < right.metadata["langgraph_step"])
    if left.extra.get("tool_call_id") and right.extra.get("tool_call_id"):
        return False  # one turn of a model asked for both
    return left.end_time is not None and left.end_time <= right.start_time


def _is_task(run: Run, around: Run | None) -> bool:
    """Whether this is the run of a node in a superstep of the graph around it."""
    space = run.metadata.get("langgraph_checkpoint_ns")
    return bool(
        "langgraph_step" in run.metadata
        and space
        and around
        and space != around.metadata.get("langgraph_checkpoint_ns")
    )


def _is_retry(left: Run, right: Run) -> bool:
    """Whether one task ran twice."""
    name = "langgraph_checkpoint_ns"
    return bool(left.metadata[name] == right.metadata[name])
