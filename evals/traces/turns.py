"""Turns: what an assistant said and asked for at once, and the results that belong to it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evals.traces.messages import Asked, Message, asked, langchain, spoken
from state.schema import Json


class Turn(NamedTuple):
    """One message of an assistant."""

    at: int
    """Its place among the messages."""
    message: Message
    calls: list[Asked]
    results: list[int | None]
    """Of each call, the place of the tool's message; None if there is none."""


def turns(messages: Sequence[Message]) -> Iterator[Turn]:
    """The assistant's turns; the tool messages directly after one are the results of its calls."""
    at, count = 0, len(messages)
    while at < count:
        place = at
        message, speaker = spoken(messages[at])
        at += 1
        if speaker != "ai":
            continue
        calls = asked(message)
        ids: list[Json] = []
        while calls and at < count:
            result, speaker = spoken(messages[at])
            if speaker != "tool":
                break
            ids.append(result.get("tool_call_id"))
            at += 1
        yield Turn(place, message, calls, paired([call.id for call in calls], ids, place + 1))


def paired(calls: Sequence[str], results: Sequence[Json], first: int = 0) -> list[int | None]:
    """Which result belongs to which call, by the ids that both were recorded with.

    Recorded ids repeat, also within a turn: the first free call with a result's id takes it, and results that
    no id claims are taken in their order.

    Args:
        calls: The id of each call; it may be empty.
        results: The id that each result names.
        first: The place of the first result.

    Returns:
        Of each call, the place of its result; None if there is none.
    """
    if len(calls) == len(results) == 1:
        return [first]
    found: list[int | None] = [None] * len(calls)
    left = []
    for place, wanted in enumerate(results, first):
        free = (at for at, name in enumerate(calls) if found[at] is None and name and name == wanted)
        at = next(free, None)
        if at is None:
            left.append(place)
        else:
            found[at] = place
    empty = [at for at, place in enumerate(found) if place is None]
    for at, place in zip(empty, left, strict=False):
        found[at] = place
    return found


def linked(messages: Sequence[Message]) -> list[dict[str, Json]]:
    """The messages in LangChain's plain form, with new ids, so that each names one call and its result."""
    found = [langchain(message) for message in messages]
    count = 0
    for turn in turns(messages):
        calls = []
        for call, result in zip(turn.calls, turn.results, strict=True):
            count += 1
            calls.append(call._replace(id=f"call_{count}"))
            if result is not None:
                found[result]["tool_call_id"] = f"call_{count}"
        found[turn.at] = langchain(turn.message, calls)
    return found
