"""A sliding window: how much of something happened in the last minute."""

from collections import deque
from dataclasses import dataclass

SECONDS = 60.0


@dataclass(eq=False)
class Entry:
    """Something that counts from a moment on; its amount may turn out to be less."""

    at: float
    amount: int


class Window:
    """A bound on the sum of the amounts within any minute; None is no bound.

    Exact, where a token bucket lets through twice its bound in the first minute.
    """

    def __init__(self, bound: int | None) -> None:
        self.bound = bound
        self._entries: deque[Entry] = deque()
        self._total = 0

    def wait(self, now: float, amount: int) -> float:
        """Seconds until so much more fits; infinite if it never will."""
        if self.bound is None:
            return 0.0
        self._forget(now)
        over = self._total + amount - self.bound
        if over <= 0:
            return 0.0
        for entry in self._entries:
            over -= entry.amount
            if over <= 0:
                return entry.at + SECONDS - now
        return float("inf")

    def add(self, now: float, amount: int) -> Entry:
        """Count an amount from now on, whether it fits or not."""
        entry = Entry(now, amount)
        if self.bound is not None:
            self._forget(now)
            self._entries.append(entry)
            self._total += amount
        return entry

    def correct(self, entry: Entry, now: float, amount: int) -> None:
        """Say what an entry really came to; what is more than was said counts from now on."""
        if amount > entry.amount:
            self.add(now, amount - entry.amount)
            return
        self._forget(now)
        if self.bound is not None and entry.at + SECONDS > now:
            self._total -= entry.amount - amount
        entry.amount = amount

    def _forget(self, now: float) -> None:
        while self._entries and self._entries[0].at + SECONDS <= now:
            self._total -= self._entries.popleft().amount
