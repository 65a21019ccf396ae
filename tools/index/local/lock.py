"""One writer at a time, across processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from state.errors import WarrantError
from tools.index.errors import BusyError

WAIT_SECONDS = 10.0


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
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise WarrantError(
                    f"{folder.with_name(f'{folder.name}.lock')} is damaged.",
                    "Delete that file: nothing is kept in it.",
                ) from error
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise BusyError(str(folder)) from error
        yield
