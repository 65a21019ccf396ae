"""Divergence: where a replay first differed from its recording, and how."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from evals.replay.recording import Kind, Recorded
from state.schema import Json

Difference: TypeAlias = Literal[
    "tool", "argument", "order", "extra", "missing", "prompt", "query", "interrupt", "state", "error"
]

SAID: dict[Difference, str] = {
    "tool": "another tool was called",
    "argument": "an argument changed",
    "order": "calls came in another order",
    "extra": "a call came that was not recorded",
    "missing": "a recorded call did not come",
    "prompt": "a model's prompt changed",
    "query": "a query changed",
    "interrupt": "the run stopped to ask something else",
    "state": "the final state changed",
    "error": "the run ended with another error",
}

MOST_LINES = 60
"""Of a diff that is shown in a terminal."""


@dataclass(frozen=True)
class Divergence:
    """The first difference; everything after it may be its consequence."""

    difference: Difference
    trace: str
    number: int | None
    """Of the recorded call, as `--list` shows it."""
    place: str
    recorded: Json
    replayed: Json

    @property
    def diff(self) -> str:
        """Recorded and replayed, line by line."""
        lines = difflib.unified_diff(
            _lines(self.recorded), _lines(self.replayed), "recorded", "replayed", lineterm="", n=2
        )
        return "\n".join(lines)

    def __str__(self) -> str:
        """For a terminal."""
        at = f"call {self.number}" if self.number else "the end"
        where = f", {self.place}" if self.place else ""
        return f"{SAID[self.difference]} at {at}{where}\n{_cut(self.diff)}"

    def document(self) -> dict[str, Json]:
        """For a program."""
        return {**asdict(self), "diff": self.diff}


def differing(
    trace: str, asked: tuple[Kind, str, Json], place: str, ready: Sequence[Recorded], later: bool
) -> Divergence:
    """How a call differs from what the recording has next.

    Args:
        trace: Id of the recorded trace.
        asked: The call that was made.
        place: Where it was made.
        ready: The recorded calls that could have come.
        later: Whether the recording has the call, but not yet.
    """
    kind, name, value = asked
    alike = [call for call in ready if call.kind == kind]
    same = [call for call in alike if call.name == name or kind == "model"]
    nearest = max(same, key=lambda call: _likeness(call.asked, value), default=None)
    expected = nearest or next(iter(alike or ready), None)
    difference = "order" if later else _difference(kind, nearest, expected)
    return Divergence(
        difference,
        trace,
        expected.number if expected else None,
        place,
        expected and shown(expected.kind, expected.name, expected.asked),
        shown(kind, name, value),
    )


def missing(trace: str, call: Recorded) -> Divergence:
    """A recorded call that did not come before the run ended."""
    return Divergence(
        "missing", trace, call.number, str(call.place), shown(call.kind, call.name, call.asked), None
    )


def shown(kind: Kind, name: str, asked: Json) -> Json:
    """A call, as it is shown."""
    if kind == "model":
        return {"prompt": [part for line in asked for part in str(line).split("\n")]}
    return {kind: name, "query" if kind == "retriever" else "args": asked}


def _cut(diff: str) -> str:
    lines = diff.splitlines()
    more = [f"… {len(lines) - MOST_LINES} more lines with --json"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def _difference(kind: Kind, same: Recorded | None, expected: Recorded | None) -> Difference:
    if same is not None:
        kinds: dict[Kind, Difference] = {"model": "prompt", "tool": "argument", "retriever": "query"}
        return kinds[kind]
    if expected is None:
        return "extra"
    if expected.kind == kind:
        return "tool"
    return "missing" if kind == "model" else "extra"


def _likeness(one: Json, other: Json) -> float:
    return difflib.SequenceMatcher(None, str(one)[:2_000], str(other)[:2_000]).quick_ratio()


def _lines(value: Json) -> list[str]:
    text = "" if value is None else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return text.splitlines()
