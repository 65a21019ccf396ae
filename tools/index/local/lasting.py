"""Connections that last: opening one costs a search more than what it is asked."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple


class Kept(NamedTuple):
    """A connection that nobody uses now, and which file it has open."""

    connection: sqlite3.Connection
    file: tuple[int, int]


class Lasting:
    """Connections to one SQLite file, each lent to one user at a time, whichever thread it is.

    They follow the file's name: where another file has taken its place, they are opened anew.
    """

    def __init__(self, path: Path, mode: str, wait: float = 0.0) -> None:
        """Open nothing yet.

        Args:
            path: The file.
            mode: How it is opened: `ro`, or `rwc` to make it.
            wait: Seconds to wait for a lock.
        """
        self._path = path
        self._mode = mode
        self._wait = wait
        self._lock = Lock()
        self._idle: list[Kept] = []
        self._closings = 0

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection; a transaction that is still open in the end is taken back.

        Raises:
            sqlite3.OperationalError: the file cannot be opened.
        """
        # Before it is opened: a file that takes its place meanwhile is then met by the next user.
        file, closings = self._file(), self._closings
        connection = self._taken(file) or self._opened()
        try:
            yield connection
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if closings == self._closings:
                self._idle.append(Kept(connection, file))
                return
        connection.close()

    def close(self) -> None:
        """Close the connections; those that are lent are closed when they come back."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._closings += 1
        for one in idle:
            one.connection.close()

    def _taken(self, file: tuple[int, int]) -> sqlite3.Connection | None:
        """One that was kept, if it has this file open."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                kept = self._idle.pop()
            if kept.file == file:
                return kept.connection
            kept.connection.close()

    def _opened(self) -> sqlite3.Connection:
        made = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={self._mode}",
            uri=True,
            timeout=self._wait,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            made.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error:
            made.close()
            raise
        return made

    def _file(self) -> tuple[int, int]:
        """Which file has the name now."""
        try:
            found = self._path.stat()
        except OSError:
            return (-1, -1)
        return found.st_dev, found.st_ino
