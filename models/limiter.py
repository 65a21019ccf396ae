"""A rate limiter with a bounded queue, shared by all event loops of a process."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from models.chat import ModelError, NotSentError
from models.window import Entry, Window
from state.models_policy import ProviderLimits
from state.usage import Usage

LONGEST_PAUSE = 3600.0
"""Seconds; a server that asks for more by mistake must not be silent for the life of the process."""


@dataclass(eq=False)
class Ticket:
    """One request's place: in the queue, then under way."""

    tokens: int
    deadline: float
    loop: asyncio.AbstractEventLoop
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, in the loop of its owner, when it is worth looking again."""
    admitted: tuple[Entry, Entry] | None = None
    """What was counted when it was let through."""

    def wake(self) -> None:
        """Let its owner look again; safe from any thread."""
        self.loop.call_soon_threadsafe(self.turn.set)


class Limiter:
    """Lets requests to one provider through, first come, first served.

    Whoever is first looks at the clock itself, so that no loop and no thread has to serve the others: runs in
    event loops that come one after another, or side by side in threads, share the limits. The lock is held
    for microseconds and never while waiting.
    """

    def __init__(
        self, name: str, limits: ProviderLimits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the provider's name, its limits, and a clock."""
        self.name, self.limits, self._clock = name, limits, clock
        self._lock = Lock()
        self._requests = Window(limits.requests_per_minute)
        self._tokens = Window(limits.tokens_per_minute)
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()
        self._running = 0
        self._paused_until = 0.0

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    def enter(self, tokens: int) -> Ticket:
        """Take a place, which is admitted at once where limits and queue allow it.

        Raises:
            ModelError: so many tokens are never let through.
            NotSentError: the queue is full, or the wait would be longer than the policy allows.
        """
        most = self.limits.tokens_per_minute
        if most is not None and tokens > most:
            message = (
                f"A request of about {tokens} tokens is more than {self.name} may take in a minute ({most})."
            )
            raise ModelError(
                message, f"Raise {self._key('tokens_per_minute')} in policy.toml or ask for less."
            )
        with self._lock:
            now = self._clock()
            ticket = Ticket(tokens, now + self.limits.queue_seconds, asyncio.get_running_loop())
            self._drop_dead()
            self._waiting[ticket] = None
            try:
                wait = self._look(ticket, now)
            except NotSentError:
                del self._waiting[ticket]
                raise
            if wait is not None and len(self._waiting) > self.limits.queue:
                del self._waiting[ticket]
                raise self._refused(f"{self.limits.queue} requests wait for it already", "queue")
            return ticket

    async def wait(self, ticket: Ticket) -> None:
        """Wait for a ticket's turn.

        Raises:
            NotSentError: it would come too late.
        """
        while True:
            ticket.turn.clear()  # before looking, so that no wake-up after it is lost
            with self._lock:
                seconds = self._look(ticket, self._clock())
            if seconds is None:
                return
            try:
                async with asyncio.timeout(seconds):
                    await ticket.turn.wait()
            except TimeoutError:
                continue

    def leave(self, ticket: Ticket, usage: Usage, pause: float | None = None) -> None:
        """Give a place back: what was really used, and how long the provider wants to be left alone.

        A ticket that was never admitted just leaves the queue. What was not used counts no more, and what was
        used beyond the estimate counts from now on.
        """
        with self._lock:
            now = self._clock()
            self._waiting.pop(ticket, None)
            if ticket.admitted:
                requests, tokens = ticket.admitted
                ticket.admitted = None
                self._running -= 1
                self._requests.correct(requests, now, usage.model_calls)
                self._tokens.correct(tokens, now, usage.input_tokens + usage.output_tokens)
            if pause is not None:
                self._paused_until = max(self._paused_until, now + min(pause, LONGEST_PAUSE))
            # After a pause each has to look whether it can wait so long.
            self._wake(all_of_them=pause is not None)

    def _look(self, ticket: Ticket, now: float) -> float | None:
        """Admit a ticket if it is its turn; otherwise seconds until it should look again, at most."""
        wait = max(self._paused_until - now, 0.0)
        first = next(iter(self._waiting)) is ticket
        if first:
            wait = max(wait, self._requests.wait(now, 1), self._tokens.wait(now, ticket.tokens))
        limit = self.limits.concurrency
        behind = not first or (limit is not None and self._running >= limit)
        if now + wait > ticket.deadline or (behind and now == ticket.deadline):
            why = f"it lets no more through for {wait:.1f} s" if wait else "no turn came in time"
            raise self._refused(why, "queue_seconds", wait or None)
        if behind:
            return ticket.deadline - now  # whoever goes wakes it before
        if wait > 0:
            return wait
        del self._waiting[ticket]
        self._running += 1
        ticket.admitted = self._requests.add(now, 1), self._tokens.add(now, ticket.tokens)
        self._wake()
        return None

    def _wake(self, *, all_of_them: bool = False) -> None:
        self._drop_dead()
        for ticket in list(self._waiting) if all_of_them else list(self._waiting)[:1]:
            ticket.wake()

    def _drop_dead(self) -> None:
        """Forget those whose event loop was closed over them."""
        while self._waiting and next(iter(self._waiting)).loop.is_closed():
            self._waiting.popitem(last=False)

    def _refused(self, why: str, bound: str, retry_after: float | None = None) -> NotSentError:
        value = getattr(self.limits, bound)
        way_out = (
            f"Raise {self._key(bound)} (now {value:g}) or name a fallback (models.fallback) in policy.toml."
        )
        return NotSentError(f"{self.name} was not asked: {why}.", way_out, retry_after=retry_after)

    def _key(self, bound: str) -> str:
        return f'models.limits."{self.name}".{bound}'
