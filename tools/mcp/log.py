"""What a server writes about itself: kept for people in a bounded file, never shown to a model."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TypeAlias

from models.redaction import redact

FILE_BYTES = 500_000
LINE_CHARS = 2_000

Say: TypeAlias = Callable[[str], Awaitable[None]]


def server_log(folder: Path | None, server: str) -> tuple[Say, str]:
    """A function that keeps lines, and a hint at where; without a folder all is dropped."""
    if folder is None:
        return _drop, ""
    path = folder / f"{server}.log"

    @cache
    def opened() -> RotatingFileHandler:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True)
        made.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        return made

    def write(text: str) -> None:
        kept = opened()
        for line in redact(text).splitlines():
            # Escaped, so that a terminal which shows the file obeys nothing in it.
            message = line[:LINE_CHARS].encode("unicode_escape").decode("ascii")
            kept.handle(logging.LogRecord(server, logging.INFO, "", 0, message, None, None))
        kept.close()

    async def say(text: str) -> None:
        await asyncio.to_thread(write, text)

    return say, f"; what it said is in {path}"


async def _drop(_text: str) -> None:
    pass
