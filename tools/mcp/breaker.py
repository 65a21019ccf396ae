"""A circuit breaker: after repeated failures a server is left alone for a while."""

import time
from collections.abc import Callable

FAILURES = 5
PAUSE_SECONDS = 5.0
LONGEST_SECONDS = 300.0


class Breaker:
    """Open after FAILURES in a row; then one try is let through after each pause, which doubles."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    def wait_seconds(self) -> float:
        """How long no try is let through; 0 where one is."""
        return max(0.0, self._until - self._clock())

    def failed(self) -> None:
        """Count a failure."""
        self._failures += 1
        if (beyond := self._failures - FAILURES) >= 0:
            self._until = self._clock() + min(PAUSE_SECONDS * 2.0 ** min(beyond, 20), LONGEST_SECONDS)

    def succeeded(self) -> None:
        """Close it."""
        self._failures, self._until = 0, 0.0
