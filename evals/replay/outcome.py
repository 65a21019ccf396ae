"""Outcome: whether a replayed run ended as the recorded one did."""

import re
from collections.abc import Sequence

from evals.replay.divergence import Difference, Divergence
from evals.replay.recording import Recording, interrupts_of
from evals.replay.tape import Tape
from evals.replay.volatile import Volatile
from state.canonical import sameness
from state.schema import Json
from state.trace import Run

IDS = re.compile(r", id='[^']*'")
PASSING = {"id", "response_metadata", "usage_metadata", "additional_kwargs"}
"""Fields of a message that are new in each run."""
CHUNK = "MessageChunk"


def ending(recording: Recording, again: Sequence[Run], values: Json, tape: Tape) -> Divergence | None:
    """How the end of a run differs: what it asked, its error, its final state.

    Args:
        recording: The trace.
        again: The runs of its replay.
        values: All channels at the end of the replay. What a root run gives depends on how it is streamed:
            its recorded channels are compared, whichever they are.
        tape: What is volatile and what was live.
    """
    root = next(run for run in again if run.parent_run_id is None)
    pairs: list[tuple[Difference, Json, Json]] = [
        ("error", _error(recording.root), _error(root)),
        ("interrupt", _asked(recording.interrupts), _asked(interrupts_of(again))),
        ("state", *_states(recording.root, root, values, tape.volatile)),
    ]
    live = tape.live.models or tape.through > 0
    for difference, before, after in pairs:
        if sameness(before) != sameness(after) and not (live and difference == "state"):
            return Divergence(difference, recording.root.id, None, "", before, after)
    return None


def _error(root: Run) -> str | None:
    return root.error.partition("\n\n")[0] if root.error and root.status == "error" else None


def _asked(errors: Sequence[str]) -> list[Json]:
    return sorted(IDS.sub("", error) for error in errors)


def _states(recorded: Run, root: Run, values: Json, volatile: Volatile) -> tuple[Json, Json]:
    before = {name: value for name, value in (recorded.outputs or {}).items() if name != "__interrupt__"}
    given = {**(values if isinstance(values, dict) else {}), **(root.outputs or {})}
    after = {name: given[name] for name in before if name in given}
    left, right = (volatile.without("state", _lasting(one)) for one in (before, after))
    return left, right


def _lasting(value: Json) -> Json:
    """The value, its messages without what is new in each run."""
    if isinstance(value, list):
        return [_lasting(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "type" in value and "content" in value:
        kind = str(value["type"])
        plain = kind.removesuffix(CHUNK).lower() if kind.endswith(CHUNK) else kind
        fields = {
            name: _lasting(one)
            for name, one in value.items()
            if name not in PASSING | {"tool_call_chunks", "chunk_position"}
        }
        return {**fields, "type": plain}
    return {name: _lasting(one) for name, one in value.items()}
