"""Connections that last: opening one costs a search more than what it is asked."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from threading import Lock, local


class Lasting:
    """A connection for each thread to one SQLite file, opened anew where another file has taken its place."""

    def __init__(self, path: Path, mode: str) -> None:
        """Take the file, and how it is opened: `ro`, or `rwc` to make it."""
        self._path = path
        self._mode = mode
        self._own = local()
        self._lock = Lock()
        self._open: list[sqlite3.Connection] = []

    def connection(self) -> sqlite3.Connection:
        """This thread's connection.

        Raises:
            sqlite3.OperationalError: the file cannot be opened.
        """
        kept: tuple[tuple[int, int], sqlite3.Connection] | None = getattr(self._own, "kept", None)
        if kept and kept[1] in self._open and kept[0] == self._identity():
            return kept[1]
        if kept:
            self._end(kept[1])
        made = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={self._mode}",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            made.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            made.close()
            raise
        self._own.kept = self._identity(), made
        with self._lock:
            self._open.append(made)
        return made

    def close(self) -> None:
        """Close what all threads keep; none of them may use its connection meanwhile."""
        for one in list(self._open):
            self._end(one)

    def _end(self, connection: sqlite3.Connection) -> None:
        with self._lock, suppress(ValueError):
            self._open.remove(connection)
        connection.close()

    def _identity(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (-1, -1)
        return found.st_dev, found.st_ino
