"""Keeping an index up to date while files change."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from models.embeddings.names import Embedder
from state.errors import UsageError, WarrantError
from state.label_policy import LabelRule
from tools.index import files
from tools.index.backend import Backend
from tools.index.changes import changes, take
from tools.index.errors import BusyError, DamagedError
from tools.index.ingest import MissingPathError, Summary, add
from tools.index.labels import Labels, is_sidecar
from tools.index.relabel import label
from tools.index.roots import is_below

QUIET_SECONDS = 0.3
"""A file is read when nothing happened to it for so long: it may be being written."""
LONGEST_SECONDS = 5.0
"""A file that never comes to rest is read after so long."""
TICK_SECONDS = 0.2
BUSY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class Listener:
    """Who is told of what the watching does."""

    done: Callable[[Summary, float], None]
    """What a round did, and in how many seconds."""
    say: Callable[[str], None]
    """A sentence for the user."""


class _StoppedError(Exception):
    """The user ends the watching in the middle of a round; what was written stays."""


def watch(
    index: Backend,
    embedder: Embedder,
    paths: Sequence[Path],
    listener: Listener,
    *,
    stop: Event,
    poll: float | None = None,
    rules: Sequence[LabelRule] = (),
) -> None:
    """Bring the index up to date with files and folders, and with every change of them, until `stop` is set.

    Sources of files that go away are removed; those of a folder that goes away as a whole stay, since a disk
    may have been taken out.

    Args:
        index: What is brought up to date; it should not wait long for another writer.
        embedder: The model that makes the vectors.
        paths: Files and folders.
        listener: Is told of every round.
        stop: Ends the watching after the batch that is being written.
        poll: Seconds between two looks at the files, where the operating system does not tell of changes.
        rules: ACL labels by path.

    Raises:
        UsageError: there is nothing to watch, or the index was made with another embedding model.
        DamagedError: the index is damaged.
        WatchError: the operating system does not tell of changes.
    """
    places = [Path(os.path.abspath(path.expanduser())) for path in paths]  # noqa: PTH100 - as files.discover
    _Watch(index, embedder, places, listener, stop=stop, poll=poll, rules=rules).run()


@dataclass
class _Pending:
    """Paths that changed, and when they did so first and last."""

    seen: dict[Path, tuple[float, float]] = field(default_factory=dict)

    def note(self, paths: Iterable[Path], now: float) -> None:
        for path in paths:
            self.seen[path] = (self.seen.get(path, (now,))[0], now)

    def ready(self, now: float) -> list[Path]:
        """Those that came to rest, or have not for long."""
        return [
            path
            for path, (first, last) in self.seen.items()
            if now - last >= QUIET_SECONDS or now - first >= LONGEST_SECONDS
        ]

    def drop(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self.seen.pop(path, None)


class _Watch:
    def __init__(
        self,
        index: Backend,
        embedder: Embedder,
        places: list[Path],
        listener: Listener,
        *,
        stop: Event,
        poll: float | None,
        rules: Sequence[LabelRule],
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._places = places
        self._listener = listener
        self._stop = stop
        self._poll = poll
        self._rules = rules
        self._pending = _Pending()
        self._pause = 0.0
        self._busy = False
        self._greeted = False

    def run(self) -> None:
        """Watch until it is stopped, from anew when a folder came into the place of another one."""
        while not self._stop.is_set():
            there = [place for place in self._places if not files.gone(place)]
            for place in set(self._places).difference(there):
                self._listener.say(f"{place} is gone; what the index has of it stays.")
            if not there and not self._greeted:
                raise UsageError("There is nothing to watch.", "Name files or folders that exist.")
            folders = [place for place in there if place.is_dir()]
            parents = sorted({place.parent for place in there if not place.is_dir()})
            if not there:
                self._wait_for(self._places)
                continue
            with changes(folders, parents, self._poll) as told:
                before = _identities(self._places)
                self._pending.note(there, time.monotonic() - QUIET_SECONDS)
                while not self._stop.is_set() and _identities(self._places) == before:
                    self._pending.note(take(told, TICK_SECONDS), time.monotonic())
                    self._round()

    def _wait_for(self, places: list[Path]) -> None:
        while not self._stop.wait(TICK_SECONDS) and all(map(files.gone, places)):
            pass

    def _round(self) -> None:
        """Bring up to date what came to rest; what cannot be done now is done later."""
        ready = self._pending.ready(time.monotonic())
        if not ready:
            return
        try:
            self._update(ready)
        except (_StoppedError, MissingPathError):
            # A path that went away meanwhile is looked at again.
            return
        except BusyError:
            if not self._busy:
                self._listener.say("Another process is writing to the index; waiting for it.")
            self._busy = True
            self._stop.wait(BUSY_SECONDS)
            return
        except (DamagedError, UsageError):
            raise
        except WarrantError as error:
            self._pause = min(max(1.0, 2 * self._pause), LONGEST_PAUSE_SECONDS)
            self._listener.say(f"{error} Trying again in {self._pause:.0f} s.")
            self._stop.wait(self._pause)
            return
        self._pause, self._busy = 0.0, False
        self._pending.drop(ready)
        if not self._greeted:
            self._greeted = True
            self._listener.say(f"Watching {len(self._places)} files and folders.")

    def _update(self, ready: list[Path]) -> None:
        here = [path for path in ready if self._is_relevant(path)]
        gone = [path for path in ready if self._is_gone(path)]
        # Folders that are watched are given as such, so that the index remembers them.
        found = files.discover(path for path in here if path not in self._places)
        paths = [*(path for path in here if path in self._places), *found.files]
        # What is no longer there below a place as a whole can only be seen in the index.
        prune = bool(gone) or any(path in self._places for path in here)
        sidecars = any(is_sidecar(path) for path in ready)
        if not (paths or gone or sidecars):
            return
        begun = time.monotonic()
        summary = Summary()
        if paths or gone:
            summary = self._add([*paths, *gone], prune)
        if sidecars:
            labelled = label(self._index, self._embedder, Labels(self._rules))
            summary.relabelled += labelled.changed
            summary.broken += labelled.broken
        summary.broken += found.broken
        differs = summary.added or summary.changed or summary.removed or summary.relabelled or summary.broken
        if not self._greeted or differs:
            self._listener.done(summary, time.monotonic() - begun)

    def _add(self, paths: list[Path], prune: bool) -> Summary:
        return add(self._index, self._embedder, paths, prune=prune, report=self._interrupt, rules=self._rules)

    def _interrupt(self, _summary: Summary, _files: int) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def _is_relevant(self, path: Path) -> bool:
        """Whether it is there, and adding its place would take it."""
        if path in self._places:
            return not files.gone(path)
        place = next((place for place in self._places if is_below(path, place)), None)
        if place is None or any(part.startswith(".") for part in path.parts[len(place.parts) :]):
            return False
        return path.is_dir() or (path.is_file() and files.is_known(path))

    def _is_gone(self, path: Path) -> bool:
        """Whether it was removed from a place that is still there, and the index has something of it."""
        place = next((place for place in self._places if is_below(path, place)), None)
        if place is None or not files.gone(path) or (files.gone(place) and place != path):
            return False
        # A file that was named is gone when its folder is still there; a folder may be on a disk taken out.
        if place == path and not (path.parent.is_dir() and files.is_known(path)):
            return False
        return self._index.knows(path)


def _identities(places: list[Path]) -> list[tuple[int, int] | None]:
    """What stands in each place; another folder of the same name is another one. Files are told of anyway."""
    found: list[tuple[int, int] | None] = []
    for place in places:
        try:
            stat = place.stat()
        except OSError:
            found.append(None)
        else:
            found.append((stat.st_dev, stat.st_ino) if place.is_dir() else None)
    return found
