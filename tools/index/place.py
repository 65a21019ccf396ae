"""Where the index of this installation lies."""

from pathlib import Path

from state.settings import Settings
from tools.index.backend import Backend


def backend(settings: Settings) -> Backend:
    """In PostgreSQL where its URL is set, else in a folder; nothing is opened yet."""
    if settings.index_url:
        from tools.index.postgres.backend import PostgresBackend

        return PostgresBackend(settings.index_url)
    from tools.index.local.backend import LocalBackend

    return LocalBackend(folder(settings), chroma_url=settings.chroma_url)


def folder(settings: Settings) -> Path:
    """The folder of an index on this machine."""
    return settings.home / "index"
