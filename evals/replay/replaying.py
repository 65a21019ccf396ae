"""Replaying: the traces of one thread run again on a graph, with the tape in place of the outside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt

from evals.replay.asking import QUESTION
from evals.replay.divergence import Divergence
from evals.replay.graph import Graph
from evals.replay.intercept import intercepted
from evals.replay.network import closed
from evals.replay.outcome import ending
from evals.replay.recording import Recording
from evals.replay.replies import COMMAND, command
from evals.replay.restoring import messages_in
from evals.replay.tape import DivergedError, Tape
from graphs.memory import MemorySink
from graphs.snapshot import snapshot
from graphs.tracing import Tracer
from state.schema import Json
from state.trace import Run

OWN = {
    "thread_id",
    "checkpoint_id",
    "checkpoint_ns",
    "run_id",
    "stamp",
    "outcome",
    "usage_metadata",
    "context",
}
"""Metadata of a root run that is not the caller's configuration."""
THEIRS = ("langgraph_", "ls_", "lc_", "__")
LIMIT = re.compile(r"Recursion limit of (\d+) reached")


@dataclass(frozen=True)
class Replayed:
    """What a replay of one thread came to."""

    traces: tuple[str, ...]
    """Ids of the recorded traces."""
    divergence: Divergence | None
    answered: int
    """Calls answered from the recording."""
    live: int
    """Calls made live."""
    refused: tuple[str, ...]
    """What tried to reach the outside past the tape."""
    runs: tuple[Run, ...]
    """The new traces."""


async def replay(
    graph: Graph,
    recorded: Sequence[Recording],
    tape: Tape | None = None,
    model: BaseChatModel | None = None,
    context: Any = None,  # noqa: ANN401  whatever the graph's schema is
) -> Replayed:
    """Run the traces of one thread again, one after the other.

    Args:
        graph: As `evals.replay.graph` isolates it.
        recorded: The recordings, the oldest first.
        tape: What is volatile or live; everything from the recording by default.
        model: Asked where models are live, instead of the graph's own.
        context: The runs' context; as it was recorded by default.
    """
    tape, sink, thread = tape or Tape(), MemorySink(), str(uuid4())
    tracer = Tracer([sink])
    with closed() as refused, intercepted(tape, model):
        for recording in recorded:
            tape.play(recording)
            await _again(graph, recording, recorded, _config(recording.root, thread, tracer), context)
            tape.end()
            if tape.diverged is None:
                values = snapshot((await graph.aget_state(_thread(thread))).values)
                tape.diverged = ending(recording, _last(sink), values, tape)
            if tape.diverged is not None and tape.on_miss == "fail":
                break
    return Replayed(
        tuple(one.root.id for one in recorded),
        tape.diverged,
        tape.answered,
        tape.through,
        tuple(refused),
        tuple(sink.runs.values()),
    )


def _last(sink: MemorySink) -> list[Run]:
    """The runs of the trace that began last."""
    runs = list(sink.runs.values())
    root = [run for run in runs if run.parent_run_id is None][-1]
    return [run for run in runs if run.trace_id == root.id]


def _thread(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


async def _again(
    graph: Graph,
    recording: Recording,
    recorded: Sequence[Recording],
    config: RunnableConfig,
    context: Any,  # noqa: ANN401
) -> None:
    waiting = (await graph.aget_state(config)).interrupts
    given = _input(recording.root.inputs, recorded, waiting)
    kept = recording.root.metadata.get("context") if context is None else context
    try:
        await graph.ainvoke(given, config, context=kept)
    except DivergedError:
        pass
    # Whatever a graph raises ends its run and is in its trace, where it is compared with the recording.
    except Exception:  # noqa: BLE001
        pass


def _config(root: Run, thread: str, tracer: Tracer) -> RunnableConfig:
    kept = {
        name: value
        for name, value in root.metadata.items()
        if name not in OWN and not name.startswith(THEIRS)
    }
    config: RunnableConfig = {
        "configurable": {**kept, "thread_id": thread},
        "callbacks": [tracer],
        "run_name": root.name,
        "tags": list(root.tags),
    }
    if match := LIMIT.search(root.error or ""):
        config["recursion_limit"] = int(match[1])
    return config


def _input(inputs: dict[str, Json], recorded: Sequence[Recording], waiting: Sequence[Interrupt]) -> Any:  # noqa: ANN401
    if inputs.keys() != {"value"}:
        return messages_in(inputs)
    value = inputs["value"]
    if not isinstance(value, dict) or value.keys() != COMMAND:
        return messages_in(value)
    return command({**value, "resume": _resumed(value["resume"], recorded, waiting)})


def _resumed(resume: Json, recorded: Sequence[Recording], waiting: Sequence[Interrupt]) -> Json:
    """Answers to several interrupts name them by ids that are new in each run."""
    asked = [found for one in recorded for text in one.interrupts for found in QUESTION.finditer(text)]
    texts: dict[str, set[str]] = {}
    for question in asked:  # tools that one task called at once share its id
        texts.setdefault(question["id"], set()).add(question["value"])
    if not isinstance(resume, dict) or not resume or not resume.keys() <= texts.keys():
        return resume
    left, found = list(waiting), dict[str, Json]()
    for id_, answer in resume.items():
        one = next((each for each in left if texts[id_] & {repr(each.value), str(each.value)}), None)
        if one is not None:
            left.remove(one)
            found[one.id] = answer
    return found
