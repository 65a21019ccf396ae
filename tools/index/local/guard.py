"""Who may use Chroma's files: several processes that read them, or one that writes them."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tools.index.local.lasting import Lasting

NAME = "vectors.lock"
WAIT_SECONDS = 60.0


@contextmanager
def shared(folder: Path, wait: float = 0.0) -> Iterator[bool]:
    """Keep writers out; says whether that worked, which it does not while one writes.

    SQLite's own file lock, because the operating system releases it when the process dies, on every platform.
    """
    with closing(sqlite3.connect(folder / NAME, timeout=wait, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN")
            lock.execute("SELECT count(*) FROM sqlite_master")
            held = True
        except sqlite3.OperationalError:
            held = False
        yield held


@contextmanager
def briefly(lasting: Lasting) -> Iterator[bool]:
    """As `shared`, without waiting, over a connection to the lock's file that lasts."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(lasting.lent())
            lock.execute("BEGIN")
            lock.execute("SELECT count(*) FROM sqlite_master")
            held = True
        except sqlite3.OperationalError:
            held = False
        yield held


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Wait until nobody reads, and keep everybody out."""
    with closing(sqlite3.connect(folder / NAME, timeout=WAIT_SECONDS, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
