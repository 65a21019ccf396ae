"""What an index holds."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.index.local.catalogue import read_meta, reading


class FailedFile(BaseModel):
    """A file that could not be read, or not to its end, when it was last looked at."""

    model_config = ConfigDict(frozen=True)

    path: str
    error: str


class Status(BaseModel):
    """Counts of an index; zeros if there is none yet."""

    model_config = ConfigDict(frozen=True)

    folder: str
    embedding: str | None = None
    dimensions: int | None = None
    files: int = 0
    sources: int = 0
    passages: int = 0
    bytes: int = 0
    """Size on disk."""
    failed: tuple[FailedFile, ...] = ()


def status(folder: Path) -> Status:
    """Look at the index of this folder.

    Raises:
        WarrantError: it is damaged or cannot be opened.
    """
    with reading(folder) as connection:
        if connection is None:
            return Status(folder=str(folder))
        meta = read_meta(connection)
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("files", "sources", "passages")
        }
        failed = connection.execute("SELECT path, error FROM files WHERE error != '' ORDER BY path")
        return Status(
            folder=str(folder),
            embedding=meta.embedding,
            dimensions=meta.dimensions,
            bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
            failed=tuple(FailedFile(path=path, error=error) for path, error in failed),
            **counts,
        )
