"""Recorded runs of τ-bench, as cases and trajectories."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.tau_airline.environment import TRANSFER, WRITES
from evals.cases.case import Case, Expectation, ExpectedCall
from evals.traces.trajectories import trajectory_of_messages
from evals.trajectory import Effect, Trajectory
from state.errors import UsageError
from state.schema import Json

STOP = "###STOP###"
"""What the simulated user says when it is content."""
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded run."""

    case: Case
    """Runs of one task have equal cases."""
    messages: tuple[Message, ...]
    """In OpenAI's form, with the system's and the user's."""
    trajectory: Trajectory
    rewarded: bool
    """What τ-bench said, to be compared with; nothing is decided by it."""
    repaired: int
    """Calls whose recorded input had been changed after the call."""


def read(path: Path) -> Iterator[Recording]:
    """The recorded runs of a file of gzipped JSON Lines.

    Raises:
        UsageError: the file cannot be read, or a line is no recorded run.
    """
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):  # noqa: B007  # the error names the line
                yield recording(json.loads(line))
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}, line {number}: {error!r}.",
            "Give recorded airline runs of τ-bench as gzipped JSON Lines.",
        ) from error


def recording(run: Mapping[str, Json]) -> Recording:
    """A recorded run as it is in the file."""
    recorded = [dict(message) for message in run["messages"]]
    messages = [*_as_called(recorded)]
    repaired = sum(new != old for new, old in zip(messages, recorded, strict=True))
    return Recording(_case(run), tuple(messages), trajectory(messages), bool(run["reward"] == 1.0), repaired)


def trajectory(messages: list[Message]) -> Trajectory:
    """What the agent did; what it writes beside a call its user does not get to see."""
    seen = [message | {"content": None} if message.get("tool_calls") else message for message in messages]
    effects: dict[str, Effect] = dict.fromkeys(WRITES, "write")
    return replace(trajectory_of_messages(seen, effects=effects), ended=has_ended(messages))


def has_ended(messages: list[Message]) -> bool:
    """Whether the user was content or a human took over; else the run was cut off."""
    last = messages[-1]
    if last["role"] == "user":
        return STOP in (last["content"] or "")
    return bool(last["role"] == "tool" and last.get("name") == TRANSFER)


def _case(run: Mapping[str, Json]) -> Case:
    calls = tuple(ExpectedCall(tool=call["name"], args=call["kwargs"]) for call in run["expected_actions"])
    return Case(
        id=str(run["task_id"]),
        input=run["instruction"],
        expect=Expectation(calls=calls, extra="any", outputs=tuple(run["expected_outputs"])),
    )


def _as_called(messages: list[Message]) -> Iterator[Message]:
    """The messages, with the inputs of bookings as they were when they were called.

    τ-bench keeps the list of payments that a booking was called with as the reservation's history, to which
    later calls add; an input that was written down afterwards shows payments that were not in the call. The
    result, a text, still shows the history as it was.
    """
    for message, after in zip(messages, [*messages[1:], {}], strict=True):
        calls = message.get("tool_calls")
        if not calls or calls[0]["function"]["name"] != "book_reservation":
            yield message
            continue
        function = calls[0]["function"]
        payments = _payments_before(function["arguments"], after.get("content"))
        if payments is None:
            yield message
            continue
        arguments = json.dumps(json.loads(function["arguments"]) | {"payment_methods": payments})
        first = calls[0] | {"function": function | {"arguments": arguments}}
        yield message | {"tool_calls": [first, *calls[1:]]}


def _payments_before(arguments: str, result: str | None) -> list[Json] | None:
    """The payments of the call, if its input now shows more than its result did."""
    try:
        payments = json.loads(arguments)["payment_methods"]
        history = json.loads(result or "")["payment_history"]
    except (ValueError, LookupError, TypeError):
        return None
    longer = isinstance(payments, list) and isinstance(history, list) and len(payments) > len(history) > 0
    return history if longer and payments[: len(history)] == history else None
