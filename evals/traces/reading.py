"""Reading traces and trajectories from files, one after the other."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from evals.traces.conversations import messages_of
from evals.traces.records import MalformedError, Record, records
from evals.traces.run_lines import runs_of
from evals.traces.trajectories import trajectory_of_messages, trajectory_of_runs
from evals.trajectory import Effect, Trajectory
from state.schema import Json
from state.trace import Run


def read_traces(path: Path) -> Iterator[list[Run]]:
    """The traces of a file of runs, each as its runs; those of one trace stand together.

    The file is JSON Lines or a JSON array, maybe packed with gzip; only one trace is in memory at a time.

    Raises:
        UsageError: the file cannot be read, or a line is no run.
    """
    runs = (run for record in records(path) for run in _runs(path, record))
    for _, trace in groupby(runs, key=lambda run: run.trace_id):
        yield list(trace)


def read_trajectories(path: Path, effects: Mapping[str, Effect] | None = None) -> Iterator[Trajectory]:
    """The trajectories of a file of runs or of conversations, which its lines tell apart.

    The id of a conversation is its `id`, else its line.

    Args:
        path: A file as `read_traces` takes it, or one with `{"messages": […]}` a line.
        effects: Tool → what it does to the world.

    Raises:
        UsageError: the file cannot be read, or a line is neither.
    """
    for _, group in groupby(_items(path), key=_belongs):
        first, *others = group
        if isinstance(first, Run):
            runs = [first, *(one for one in others if isinstance(one, Run))]
            yield trajectory_of_runs(runs, effects)
        else:
            yield _of_conversation(path, first, effects)


def is_run(value: Json) -> bool:
    """Whether a line is a run."""
    return isinstance(value, dict) and "run_type" in value


def _items(path: Path) -> Iterator[Run | Record]:
    for record in records(path):
        if record.problem or is_run(record.value):
            yield from _runs(path, record)
        else:
            yield record


def _belongs(item: Run | Record) -> str | int:
    return item.trace_id if isinstance(item, Run) else item.at


def _of_conversation(path: Path, record: Record, effects: Mapping[str, Effect] | None) -> Trajectory:
    messages = messages_of(record.value)
    if messages is None:
        raise MalformedError(path, record.at, "it is neither a run nor a conversation")
    name = record.value.get("id") if isinstance(record.value, dict) else None
    return trajectory_of_messages(
        messages, trace_id=str(record.at if name is None else name), effects=effects
    )


def _runs(path: Path, record: Record) -> Iterator[Run]:
    if record.problem:
        raise MalformedError(path, record.at, record.problem)
    try:
        yield from runs_of(record.value)
    except ValueError as error:
        raise MalformedError(path, record.at, str(error)) from error
