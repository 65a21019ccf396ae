"""Where the index of this installation lies."""

from pathlib import Path
from typing import TYPE_CHECKING

from state.settings import Settings
from tools.index.backend import Backend

if TYPE_CHECKING:
    from tools.index.local.backend import LocalBackend

WAIT_SECONDS = 10.0


def backend(settings: Settings, wait: float = WAIT_SECONDS) -> Backend:
    """In PostgreSQL where its URL is set, else in a folder; nothing is opened yet.

    Args:
        settings: Of this process.
        wait: Seconds to wait for another writer.
    """
    if settings.index_url:
        from tools.index.postgres.backend import PostgresBackend

        return PostgresBackend(settings.index_url, wait=wait)
    return local(settings, wait)


def local(settings: Settings, wait: float = WAIT_SECONDS) -> "LocalBackend":
    """The index in a folder of this machine, whatever else is set."""
    from tools.index.local.backend import LocalBackend

    return LocalBackend(folder(settings), chroma_url=settings.chroma_url, wait=wait)


def folder(settings: Settings) -> Path:
    """The folder of an index on this machine."""
    return settings.home / "index"
