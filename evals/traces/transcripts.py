"""Transcripts: what was said and called in a trace, as messages, whatever recorded it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

from evals.traces.conversations import messages_of, source_of
from evals.traces.messages import Message, asked, openai, plain, role
from evals.traces.trajectories import trajectory_of_runs
from evals.traces.turns import linked
from evals.trajectory import Call, Trajectory
from state.canonical import canonical
from state.schema import Json
from state.trace import Run

Form: TypeAlias = Literal["openai", "langchain"]

WRITTEN_AS: Mapping[Form, frozenset[str]] = {
    "openai": frozenset({"openai", "tau-bench"}),
    "langchain": frozenset({"langchain"}),
}
"""Form → formats whose records are in it."""


def record_of(runs: Sequence[Run], form: Form) -> Json:
    """The conversation of a trace as one record; one imported in this form is given back as it came."""
    source = source_of(runs[0])
    if source.get("format") in WRITTEN_AS[form]:
        return source["record"]
    messages = linked(transcript(runs))
    written = messages if form == "langchain" else [openai(message) for message in messages]
    return {"id": runs[0].trace_id, "messages": written}


def transcript(runs: Sequence[Run]) -> list[Message]:
    """The messages of a trace, in the form in which they were recorded.

    Of a graph whose state has no messages that call tools, they are made of its calls and answers.
    """
    root = runs[0]
    if source := source_of(root):
        return messages_of(source["record"]) or []
    trajectory = trajectory_of_runs(runs)
    kept = [plain(one) for one in _messages(root.outputs or {})]
    calls = any(asked(one) for one in kept if role(one) == "ai")
    if kept and (calls or not trajectory.calls):
        return [*(_instructions(runs) if calls and role(kept[0]) != "system" else ()), *kept]
    return [*_given(kept, trajectory), *_turns(trajectory)]


def _messages(values: Mapping[str, Json]) -> list[Message]:
    found = values.get("messages")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _instructions(runs: Sequence[Run]) -> Iterator[Message]:
    """The system message that the model was given, which the state of an agent need not hold."""
    for run in runs:
        if run.run_type == "llm":
            batch = run.inputs.get("messages")
            prompt = batch[0] if isinstance(batch, list) and batch and isinstance(batch[0], list) else batch
            first = plain(prompt[0]) if prompt and isinstance(prompt[0], Mapping) else {}
            if role(first) == "system":
                yield first
            return


def _given(kept: Sequence[Message], trajectory: Trajectory) -> Sequence[Message]:
    """What was said before: the state's messages up to the user's last one, or the input."""
    asked_at = [at for at, one in enumerate(kept) if role(one) == "human"]
    if asked_at:
        return kept[: asked_at[-1] + 1]
    given = trajectory.input
    if isinstance(given, Mapping) and given.keys() == {"messages"}:
        return _messages(given)
    return [{"type": "human", "content": given if isinstance(given, str) else canonical(given)}]


def _turns(trajectory: Trajectory) -> Iterator[Message]:
    for _, turn in groupby(trajectory.calls, key=lambda call: call.turn):
        calls = list(turn)
        wanted = [{"name": one.tool, "args": one.args, "id": one.id, "type": "tool_call"} for one in calls]
        yield {"type": "ai", "content": "", "tool_calls": wanted}
        yield from map(_result, calls)
    for said in trajectory.said:
        yield {"type": "ai", "content": said}


def _result(call: Call) -> Message:
    failed = call.error is not None
    content = (
        call.error if failed else call.output if isinstance(call.output, str) else canonical(call.output)
    )
    message = {"type": "tool", "name": call.tool, "tool_call_id": call.id, "content": content}
    return {**message, "status": "error"} if failed else message
