"""An outbox: takes runs without waiting, and delivers them from a thread of its own."""

import atexit
import logging
from collections.abc import Callable
from threading import Condition, Thread

from state.errors import WarrantError
from state.trace import Run

logger = logging.getLogger("warrant")

CAPACITY = 5_000
BATCH_SECONDS = 0.05
"""How long a run that is not urgent may wait for others to go with it."""
EXIT_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0


class RefusedError(WarrantError):
    """These runs will never be taken; others may be."""


class Outbox:
    """Delivers runs in batches, only the latest record of each; when that fails, it pauses and tries again.

    It holds at most CAPACITY undelivered runs; what comes then is counted in `lost`. Failing is said once.
    """

    def __init__(self, deliver: Callable[[list[Run]], None], to: str, *, first_pause: float = 1.0) -> None:
        """Make an outbox; its thread starts with the first run.

        Args:
            deliver: Delivers a batch, or raises a WarrantError if the same batch may be delivered later.
            to: Where to, in words.
            first_pause: Seconds until it is tried again; each failure doubles them.
        """
        self.lost = 0
        self._deliver, self._to, self._first_pause = deliver, to, first_pause
        self._pending: dict[str, Run] = {}
        self._changed = Condition()
        self._urgent = self._busy = self._hangs = self._said = False
        self._pause = 0.0
        self._thread: Thread | None = None

    def put(self, run: Run, *, urgent: bool) -> None:
        """Take a run; it is replaced by a later record of the same id that comes before it was delivered."""
        with self._changed:
            if run.id not in self._pending and len(self._pending) >= CAPACITY:
                self.lost += 1
                return
            self._pending[run.id] = run
            # The thread is woken only where it would sleep on: waking it costs more than the rest of this.
            if self._thread is None:
                self._start()
            elif len(self._pending) == 1 or (urgent and not self._urgent):
                self._changed.notify_all()
            self._urgent |= urgent

    def flush(self, timeout: float) -> bool:
        """Wait until all is delivered, at most `timeout` seconds; not at all while that fails or hangs."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            waited = 0.0 if self._hangs else timeout
            self._changed.wait_for(lambda: self._pause or not (self._pending or self._busy), waited)
            delivered = not (self._pending or self._busy)
            self._hangs = not delivered
        if not delivered:
            self._say("%s did not take the last runs in time. (Runs go on; it is tried again.)", self._to)
        return delivered

    def _start(self) -> None:
        self._thread = Thread(target=self._work, name=f"warrant-{self._to}", daemon=True)
        self._thread.start()
        atexit.register(self.flush, EXIT_SECONDS)

    def _work(self) -> None:
        while True:
            batch = self._take()
            try:
                self._deliver(list(batch.values()))
            except RefusedError as error:
                self._dropped(batch, error)
            except WarrantError as error:
                self._failed(batch, error)
            except Exception as error:  # noqa: BLE001  a run that cannot be delivered must not end tracing
                self._dropped(batch, error)
            else:
                self._done()

    def _take(self) -> dict[str, Run]:
        """Wait for runs, and for more of them to come, and take them all."""
        with self._changed:
            if self._pause:
                self._changed.wait_for(lambda: False, self._pause)
            self._changed.wait_for(lambda: self._pending)
            self._changed.wait_for(lambda: self._urgent, BATCH_SECONDS)
            batch, self._pending = self._pending, {}
            self._urgent, self._busy = False, True
            return batch

    def _done(self) -> None:
        with self._changed:
            self._busy, self._hangs, self._pause = False, False, 0.0
            self._changed.notify_all()

    def _failed(self, batch: dict[str, Run], error: WarrantError) -> None:
        # Before whoever waits is told: a process that then ends has said why.
        self._say("%s (Runs go on; it is tried again.)", error)
        with self._changed:
            kept = {**batch, **self._pending}
            for _ in range(len(kept) - CAPACITY):
                kept.pop(next(iter(kept)))
                self.lost += 1
            self._pending, self._busy = kept, False
            self._pause = min(self._pause * 2 or self._first_pause, LONGEST_PAUSE_SECONDS)
            self._changed.notify_all()

    def _dropped(self, batch: dict[str, Run], error: Exception) -> None:
        self.lost += len(batch)
        self._say("Runs could not be delivered to %s: %s: %s", self._to, type(error).__name__, error)
        self._done()

    def _say(self, message: str, *args: object) -> None:
        if not self._said:
            self._said = True
            logger.warning(message, *args)
