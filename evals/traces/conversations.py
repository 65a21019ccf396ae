"""Conversations and traces: messages become a tree of runs, and runs become messages again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from evals.traces.calls import ARGUMENTS
from evals.traces.messages import Asked, Message, text
from evals.traces.turns import linked, turns
from state.canonical import digest
from state.schema import Json
from state.trace import Run

SOURCE = "source"
"""Key in a root's `extra` for what a conversation was made from: `{format, record}`."""
NAMESPACE = UUID("6f0b5c0e-64a5-5f0c-9a53-5b7d3c3d9a11")
"""Of the ids of imported conversations."""
TICK = timedelta(microseconds=1)
MESSAGES = ("messages", "traj")
"""Keys under which files have the messages of a conversation; τ-bench says `traj`."""


def messages_of(record: Json) -> list[Message] | None:
    """The messages of a record: itself, or what it has under `messages`; None if it has none."""
    found = record
    if isinstance(record, Mapping):
        found = next((record[key] for key in MESSAGES if record.get(key)), None)
    is_list = isinstance(found, list) and found and all(isinstance(one, Mapping) for one in found)
    return list(found) if is_list else None


def source_of(root: Run) -> Mapping[str, Json]:
    """What the conversation was made from; empty if the trace was recorded as runs."""
    source = root.extra.get(SOURCE)
    return source if isinstance(source, Mapping) and "record" in source else {}


def trace_id_of(record: Json, at: int) -> UUID:
    """The id of the trace that a record becomes: the same for the same record in the same place."""
    return uuid5(NAMESPACE, f"{at} {digest(record)}")


def runs_of_conversation(
    record: Json, trace_id: UUID, form: str, begun: datetime, metadata: Mapping[str, Json]
) -> list[Run]:
    """The trace of a conversation: a model call for each of the assistant's turns, a tool run for each call.

    Nobody recorded when what happened, so each run begins a microsecond after the one before, and takes none.

    Args:
        record: The line that was imported; it is kept whole, so that it can be given back.
        trace_id: Id of the root.
        form: Name of the format.
        begun: When the trace begins.
        metadata: What is known about the trace.

    Raises:
        ValueError: the record has no messages.
    """
    messages = messages_of(record)
    if messages is None:
        raise ValueError("it has no list of messages")
    found = linked(messages)
    first = next((at for at, one in enumerate(found) if one["type"] == "ai"), len(found))
    tree = _Tree(trace_id, begun)
    tree.add(
        form,
        "chain",
        {"messages": found[:first]},
        {"messages": found},
        {"metadata": dict(metadata), SOURCE: {"format": form, "record": record}},
    )
    for turn in turns(messages):
        reply = found[turn.at]
        tree.add("assistant", "llm", {"messages": [found[: turn.at]]}, _generated(reply), _counted(reply))
        for call, result in zip(turn.calls, turn.results, strict=True):
            _add_call(tree, call, None if result is None else found[result])
    return tree.runs


@dataclass
class _Tree:
    trace_id: UUID
    begun: datetime
    runs: list[Run] = field(default_factory=list)

    def add(
        self,
        name: str,
        run_type: str,
        inputs: dict[str, Json],
        outputs: dict[str, Json] | None,
        extra: dict[str, Json],
    ) -> None:
        """Add a run; the first one is the root."""
        count = len(self.runs)
        root = self.runs[0] if self.runs else None
        own_id = uuid5(self.trace_id, str(count)) if root else self.trace_id
        start = self.begun + count * TICK
        own = f"{start:%Y%m%dT%H%M%S%fZ}{own_id}"
        self.runs.append(
            Run(
                id=str(own_id),
                trace_id=str(self.trace_id),
                dotted_order=f"{root.dotted_order}.{own}" if root else own,
                parent_run_id=root.id if root else None,
                name=name,
                run_type=run_type,
                inputs=inputs,
                outputs=outputs,
                start_time=start,
                end_time=start,
                extra=extra,
            )
        )


def _add_call(tree: _Tree, call: Asked, result: dict[str, Json] | None) -> None:
    is_object = isinstance(call.args, dict)
    inputs = call.args if isinstance(call.args, dict) else {"input": call.args}
    metadata = {ARGUMENTS: "object" if is_object else "text", "tool_call_id": call.id}
    outputs = None if result is None else {"output": result}
    tree.add(call.tool, "tool", inputs, outputs, {"metadata": metadata})


def _generated(turn: Message) -> dict[str, Json]:
    return {"generations": [[{"text": text(turn), "message": dict(turn)}]]}


def _counted(turn: Message) -> dict[str, Json]:
    usage = turn.get("usage_metadata")
    return {"metadata": {"usage_metadata": usage} if usage else {}}
