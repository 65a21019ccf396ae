"""What changes on the disk, as the operating system tells it or by looking again and again."""

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from state.errors import WarrantError

STEP_MILLISECONDS = 50
TELL_MILLISECONDS = 100
"""How long changes are gathered before they are told, and how often it is told that there are none."""

Queue = queue.SimpleQueue["set[Path] | Exception"]
"""Sets of changed paths, also empty ones, or why the watching ended."""


class WatchError(WarrantError):
    """The operating system does not tell of changes."""

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"Changes cannot be watched: {reason}.",
            "Look for them every few seconds instead: `warrant index watch --poll 5`.",
        )


@contextmanager
def changes(folders: Sequence[Path], parents: Sequence[Path], poll: float | None = None) -> Iterator[Queue]:
    """Watch folders with all that is in them, and others without their folders.

    From the moment at which this is entered no change is missed. A file is watched through its parent,
    because editors put a new file in its place.

    Args:
        folders: Existing folders that are watched with all below them.
        parents: Existing folders of which only what lies directly in them is watched.
        poll: Seconds between two looks, for disks of which the operating system tells nothing.

    Raises:
        WatchError: the operating system does not do it.
    """
    told: Queue = queue.SimpleQueue()
    stop = Event()
    wanted = [(paths, recursive) for paths, recursive in ((folders, True), (parents, False)) if paths]
    ready = [Event() for _ in wanted]
    threads = [
        Thread(
            target=_tell, args=(*one, poll), kwargs={"told": told, "stop": stop, "begun": begun}, daemon=True
        )
        for one, begun in zip(wanted, ready, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for begun in ready:
            begun.wait()
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def take(told: Queue, seconds: float) -> set[Path]:
    """What changed, waiting for it at most so long.

    Raises:
        WatchError: the watching ended.
    """
    try:
        changed = told.get(timeout=seconds)
    except queue.Empty:
        return set()
    if isinstance(changed, Exception):
        raise WatchError(changed) from changed
    return changed


def _tell(
    paths: Sequence[Path], recursive: bool, poll: float | None, *, told: Queue, stop: Event, begun: Event
) -> None:
    """What a thread does: put sets of changes, at first and every now and then an empty one."""
    from watchfiles import watch

    try:
        for batch in watch(
            *paths,
            watch_filter=None,
            debounce=TELL_MILLISECONDS,
            step=STEP_MILLISECONDS,
            rust_timeout=TELL_MILLISECONDS,
            yield_on_timeout=True,
            stop_event=stop,
            recursive=recursive,
            raise_interrupt=False,
            ignore_permission_denied=True,
            force_polling=poll is not None,
            poll_delay_ms=int((poll or 1) * 1000),
        ):
            begun.set()
            told.put({Path(path) for _, path in batch})
    except (OSError, RuntimeError) as error:
        told.put(error)
    finally:
        begun.set()
