"""The calls that an agent made, from the tree of its runs."""

import ast
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from evals.traces.messages import first_line, parsed, spoken, text
from evals.trajectory import Call, Effect
from state.schema import Json
from state.trace import Run

CALLED = ("tool", "retriever")
ARGUMENTS = "arguments"
"""Metadata of an imported tool run: its arguments are an `object`, or the `text` that stands in `input`."""
UNFINISHED = "It did not end: its process ended before it did."

Place: TypeAlias = tuple[tuple[str, int], ...]
"""Where a run stands: for each graph around it, outermost first, the task and the superstep."""


def calls_of(runs: Sequence[Run], effects: Mapping[str, Effect]) -> tuple[Call, ...]:
    """The agent's calls in the order in which they began; a tool that a tool calls is none of them.

    A call that failed, or waited for a human, and that the same task made again with the same arguments is
    one call: the last.

    Args:
        runs: In the order in which they began.
        effects: Tool → what it does to the world.
    """
    by_id = {run.id: run for run in runs}
    made = [run for run in runs if run.run_type in CALLED and not _within_a_call(run, by_id)]
    places = {run.id: _place(run, by_id) for run in made}
    last = [run for at, run in enumerate(made) if not _made_again(run, made[at + 1 :], places)]
    turns = _turns(last, runs, places)
    return tuple(_call(run, turns[run.id], effects) for run in last)


def steps_of(runs: Sequence[Run]) -> int:
    """Supersteps, those of subgraphs included; where no graph was recorded, model calls."""
    by_id = {run.id: run for run in runs}
    steps = {(run.trace_id, _steps(place)) for run in runs if (place := _place(run, by_id))}
    return len(steps) or sum(run.run_type == "llm" for run in runs)


def tool_result(output: Json) -> tuple[Json, str | None]:
    """What a tool gave, and why it failed if it says so, out of the message it may be wrapped in."""
    if not isinstance(output, dict):
        return output, None
    if isinstance(update := output.get("update"), dict) and isinstance(update.get("messages"), list):
        told = [one for one in update["messages"] if isinstance(one, dict) and spoken(one)[1] == "tool"]
        return tool_result(told[-1]) if told else (output, None)
    message, speaker = spoken(output)
    if speaker != "tool" or "content" not in message:
        return output, None
    content = message["content"] or ""
    failed = message.get("status") == "error"
    return content, first_line(text(message)) if failed else None


def _call(run: Run, turn: int, effects: Mapping[str, Effect]) -> Call:
    output, error = _result(run)
    return Call(run.name, _args(run), output, error, turn, effects.get(run.name), run.id)


def _args(run: Run) -> Json:
    """The arguments; tracers of LangChain record them as the text of a dictionary."""
    given, kind = run.inputs.get("input"), run.metadata.get(ARGUMENTS)
    if kind == "text":
        return given
    if kind == "object" or run.inputs.keys() != {"input"} or not isinstance(given, str):
        return run.inputs
    if isinstance(value := parsed(given), dict):
        return value
    try:
        literal = ast.literal_eval(given)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        literal = None
    return literal if isinstance(literal, dict) else run.inputs


def _result(run: Run) -> tuple[Json, str | None]:
    if run.error is not None:
        return None, first_line(run.error)
    if run.outputs is None:
        return None, UNFINISHED if run.end_time is None else None
    if run.run_type == "retriever":
        return run.outputs.get("documents", run.outputs), None
    single = run.outputs.keys() == {"output"}
    return tool_result(run.outputs["output"] if single else run.outputs)


def _within_a_call(run: Run, by_id: Mapping[str, Run]) -> bool:
    return any(above.run_type in CALLED for above in _ancestors(run, by_id))


def _ancestors(run: Run, by_id: Mapping[str, Run]) -> list[Run]:
    """The runs above, the nearest first; a circle, which only a broken file has, is gone round once."""
    found: dict[str, Run] = {}
    while (above := by_id.get(run.parent_run_id or "")) is not None and above.id not in found:
        found[above.id] = run = above
    return list(found.values())


def _place(run: Run, by_id: Mapping[str, Run]) -> Place:
    tasks: dict[str, int] = {}
    for one in reversed([run, *_ancestors(run, by_id)]):
        step = one.metadata.get("langgraph_step")
        if isinstance(step, int):
            tasks[str(one.metadata.get("langgraph_checkpoint_ns") or f"step {step}")] = step
    return tuple(tasks.items())


def _steps(place: Place) -> tuple[int, ...]:
    return tuple(step for _, step in place)


def _made_again(run: Run, later: Sequence[Run], places: Mapping[str, Place]) -> bool:
    return run.error is not None and any(
        (one.name, one.inputs, places[one.id]) == (run.name, run.inputs, places[run.id])
        and run.end_time is not None
        and one.start_time >= run.end_time
        for one in later
    )


def _turns(made: Sequence[Run], runs: Sequence[Run], places: Mapping[str, Place]) -> dict[str, int]:
    """The superstep of each call; its rank among those that call, where graphs are nested or threads go on.

    Where no graph was recorded, it is the number of model calls that began before.
    """
    if not all(places.values()):
        models = [run for run in runs if run.run_type == "llm"]
        return {run.id: sum(m.dotted_order < run.dotted_order for m in models) for run in made}
    if all(len(place) == 1 for place in places.values()):
        return {run.id: places[run.id][0][1] for run in made}
    ranks = {steps: rank for rank, steps in enumerate(sorted({_steps(places[run.id]) for run in made}), 1)}
    return {run.id: ranks[_steps(places[run.id])] for run in made}
