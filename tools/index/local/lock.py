"""One writer at a time, across processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from state.errors import WarrantError

WAIT_SECONDS = 10.0


class BusyError(WarrantError):
    """Another process is writing to the index."""


@contextmanager
def exclusive(folder: Path, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the index of this folder for writing.

    SQLite's own file lock, because the operating system releases it when the process dies, on every platform.

    Raises:
        BusyError: another process still holds it after `wait` seconds.
    """
    with closing(
        sqlite3.connect(folder.with_name(f"{folder.name}.lock"), timeout=wait, isolation_level=None)
    ) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise BusyError(
                f"Another process is writing to the index in {folder}.",
                "Wait for it to end and run this again.",
            ) from error
        yield
