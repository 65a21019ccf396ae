"""What an index holds, as it knows it itself; `tools.index.freshness` compares that with the files."""

from pydantic import BaseModel, ConfigDict, Field


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
    version: int = 0
    """Counts the changes of what can be found."""
    files: int = 0
    sources: int = 0
    passages: int = 0
    bytes: int = 0
    """Size on disk."""
    parts: dict[str, int] = Field(default_factory=dict)
    """Size on disk of each part of it, in bytes."""
    last_read: str | None = None
    """When a file was last read (ISO 8601, UTC)."""
    oldest_read: str | None = None
    """The time at which the file was read that has not been looked at for longest."""
    embedded_anew: dict[str, int] = Field(default_factory=dict)
    """Passages that an unfinished `--rebuild` has embedded, by the name of the new model."""
    roots: tuple[str, ...] = ()
    """Folders that were added as a whole."""
    failed: tuple[FailedFile, ...] = ()
    unfinished: tuple[str, ...] = ()
    """Files of which a killed process read nothing or only a part."""
