"""A circuit breaker: what failed several times in a row is left alone for a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from models.chat import Chat, NotSentError, Prompt, Reply, TransientModelError
from state.errors import WarrantError


class OpenCircuitError(WarrantError):
    """Nothing was tried, since the last attempts failed."""

    def __init__(self, name: str, failures: int, seconds: float, last: str) -> None:
        super().__init__(
            f"{name} failed {failures} times in a row and is left alone; the last time: {last}",
            f"It is tried again in {seconds:.1f} s.",
        )
        self.seconds = seconds
        """Until the next attempt is let through."""


class Breaker:
    """Closed: attempts pass. Open, after so many failures in a row: none does. Half-open, after the
    cooldown: one probe passes, whose success closes it and whose failure opens it again.

    For threads and event loops alike; an attempt that began before the last change of state counts no more.
    """

    def __init__(
        self,
        name: str,
        failures: int,
        cooldown: float,
        counts: Callable[[Exception], bool] = lambda _error: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what it guards, its two bounds (seconds), which errors are failures, and a clock."""
        self.name = name
        self._bound, self._cooldown, self._counts, self._clock = failures, cooldown, counts, clock
        self._lock = Lock()
        self._failures, self._last = 0, ""
        self._until: float | None = None
        """When a probe may pass; None while it is closed."""
        self._probing = False
        self._epoch = 0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        with self._lock:
            if self._until is None:
                return "closed"
            return "open" if self._clock() < self._until else "half-open"

    def check(self) -> None:
        """Say whether an attempt would pass, without making one.

        Raises:
            OpenCircuitError: it would not.
        """
        with self._lock:
            self._check()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Watch one attempt; being cancelled is neither a success nor a failure.

        Raises:
            OpenCircuitError: it may not be made now.
        """
        epoch = self._begin()
        try:
            yield
        except Exception as error:
            self._settle(epoch, error if self._counts(error) else None)
            raise
        except BaseException:
            self._abandon(epoch)
            raise
        self._settle(epoch, None)

    def _check(self) -> None:
        if self._until is None:
            return
        left = self._until - self._clock()
        if left > 0 or self._probing:
            # How long a probe takes is not known; a moment is a fair guess.
            raise OpenCircuitError(self.name, self._failures, max(left, 1.0), self._last)

    def _begin(self) -> int:
        with self._lock:
            self._check()
            if self._until is not None:
                self._probing = True
                self._epoch += 1
            return self._epoch

    def _settle(self, epoch: int, failure: Exception | None) -> None:
        with self._lock:
            if epoch != self._epoch:
                return
            if failure is None:
                self._failures, self._until, self._probing = 0, None, False
                return
            self._failures += 1
            self._last = str(failure)
            if self._probing or self._failures >= self._bound:
                self._until = self._clock() + self._cooldown
                self._probing = False
                self._epoch += 1

    def _abandon(self, epoch: int) -> None:
        with self._lock:
            if epoch == self._epoch:
                self._probing = False


def is_outage(error: Exception) -> bool:
    """Whether a model's error says that its provider is down; one that says when to come back is not."""
    return isinstance(error, TransientModelError) and error.retry_after is None


@dataclass(frozen=True)
class Breaking:
    """A chat model that is not asked while its provider is down."""

    chat: Chat
    breaker: Breaker

    @property
    def name(self) -> str:
        """The name of the model that is asked."""
        return self.chat.name

    def check(self) -> None:
        """Say whether a request would be sent now.

        Raises:
            NotSentError: it would not; it says when.
        """
        try:
            self.breaker.check()
        except OpenCircuitError as error:
            raise _not_sent(error) from error

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask, unless the circuit is open.

        Raises:
            NotSentError: it is.
            ModelError: no reply could be had.
        """
        try:
            with self.breaker.attempt():
                return await self.chat.reply(prompt)
        except OpenCircuitError as error:
            raise _not_sent(error) from error


def _not_sent(error: OpenCircuitError) -> NotSentError:
    way_out = f"{error.way_out} Name a fallback in policy.toml (models.fallback)."
    return NotSentError(error.message, way_out, retry_after=error.seconds)
