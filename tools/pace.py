"""How often a tool is called in a minute."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

MINUTE = 60.0


class Pace:
    """A sliding window of one minute, for all threads of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no call made."""
        self._clock = clock
        self._made: deque[float] = deque()
        self._lock = Lock()

    def wait(self, per_minute: int) -> float:
        """Count a call if it may be made now, and return 0, else return the seconds until one may."""
        with self._lock:
            now = self._clock()
            while self._made and self._made[0] <= now - MINUTE:
                self._made.popleft()
            if len(self._made) >= per_minute:
                return self._made[len(self._made) - per_minute] + MINUTE - now
            self._made.append(now)
            return 0.0
