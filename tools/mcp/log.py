"""What a server writes about itself: kept for people in a bounded file, never shown to a model."""

import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 500_000
LINE_CHARS = 2_000

Say = Callable[[str], None]


def server_log(folder: Path | None, server: str) -> tuple[Say, str]:
    """A function that keeps one line, and where it keeps it; without a folder all is dropped."""
    if folder is None:
        return _drop, "nowhere"
    path = folder / f"{server}.log"
    kept = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True)
    kept.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def say(line: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Escaped, so that a terminal which shows the file obeys nothing in it.
        message = line[:LINE_CHARS].encode("unicode_escape").decode("ascii")
        kept.emit(logging.LogRecord(server, logging.INFO, "", 0, message, None, None))
        kept.close()

    return say, str(path)


def _drop(_line: str) -> None:
    pass
