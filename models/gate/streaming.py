"""Streams that pass the gate: what a chain or a model writes leaves bit by bit, or is stopped."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.gate.classifier import AnyClassifier, Asked, Classifier, Finding
from models.gate.daemon import in_daemon
from models.gate.holdback import WINDOW, Find, Holdback
from models.gate.judging import check, decision
from state.errors import WarrantError
from state.gate_policy import PlacePolicy
from state.verdict import MILD

logger = logging.getLogger(__name__)


@runtime_checkable
class Local(Classifier, Protocol):
    """A classifier that finds in a part of a text what it finds in the whole."""

    @property
    def window(self) -> int:
        """Characters by the end of which what has begun has shown itself, unless it is all one token."""
        ...


class WithheldError(WarrantError):
    """A stream was stopped; nothing more leaves."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason, "Ask differently, or have the source corrected.")
        self.finding = finding
        """What was found; its spans are places of the text that was streamed."""


@dataclass(frozen=True)
class Guard:
    """What a stream must not say, and how far it must be known for that."""

    find: Find
    window: int = WINDOW
    timeout_seconds: float = 2.0
    """For one look at what came."""

    def joined(self, other: "Guard") -> "Guard":
        """Both of them."""
        return Guard(
            lambda text: [*self.find(text), *other.find(text)],
            max(self.window, other.window),
            self.timeout_seconds,
        )


UNGUARDED = Guard(lambda _: [])
"""Lets everything through."""


def guard(classifiers: Sequence[AnyClassifier], policy: PlacePolicy) -> Guard:
    """The guard of a stream: of those who judge what leaves, all that look at a part of a text at a time.

    The others judge the whole; for them the text has to be there before it leaves.
    """
    local = [one for one in classifiers if isinstance(one, Local)]

    def find(text: str) -> list[Finding]:
        return [one for each in local for one in _found(each, text) if decision(one, policy) not in MILD]

    return Guard(find, max((one.window for one in local), default=WINDOW), policy.timeout_seconds)


def _found(classifier: Local, text: str) -> Sequence[Finding]:
    findings = classifier.classify(text, "release")
    check(Asked(findings), classifier.categories, len(text))
    return findings


async def guarded(chunks: AsyncIterator[str], by: Guard) -> AsyncGenerator[str, None]:
    """What of a stream may leave, as soon as it may.

    Args:
        chunks: The text in pieces, such as `(chunk.text async for chunk in model.astream(…))`.
        by: Who looks at it.

    Raises:
        WithheldError: something was found, or looking failed or took too long. What comes after is not read.
    """
    held = Holdback(by.find, by.window)
    try:
        async for chunk in chunks:
            if leaving := await _fed(held, chunk, by):
                yield leaving
            if held.blocked:
                raise WithheldError(held.blocked)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    if leaving := await _looking(held.finish, by):
        yield leaving
    if held.blocked:
        raise WithheldError(held.blocked)


async def _fed(held: Holdback, chunk: str, by: Guard) -> str:
    # What may hang runs in a thread, which costs more than a chunk that nobody looks at.
    return await _looking(lambda: held.feed(chunk), by) if held.due(len(chunk)) else held.feed(chunk)


async def _looking(look: Callable[[], str], by: Guard) -> str:
    try:
        async with asyncio.timeout(by.timeout_seconds):
            return await in_daemon(look)
    except TimeoutError:
        problem = f"it took longer than {by.timeout_seconds:g} s"
    except Exception as error:
        # The message may hold the text, which must not get out this way.
        problem = f"it raised {type(error).__name__}"
        logger.warning("the gate failed at a stream", exc_info=True)
    raise WithheldError(Finding("error", 1.0, f"The gate could not judge this text: {problem}."))
