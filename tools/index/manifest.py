"""What a snapshot says of itself."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from state.errors import WarrantError

MANIFEST = "manifest.json"
KIND = "warrant index snapshot"
MAX_MANIFEST_BYTES = 50_000_000


class Part(BaseModel):
    """A file of a snapshot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=0)
    digest: str
    """`sha256:…` of its content."""


class Manifest(BaseModel):
    """What a snapshot says of itself; its first member."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    format: str
    """Of the catalogue."""
    made_at: str
    embedding: str
    passages: int
    parts: dict[str, Part]
    """By the name in the archive, which is the path in the folder of the index."""


class BadSnapshotError(WarrantError):
    """The file is not a whole snapshot of this version."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(
            f"{file} cannot be restored: {problem}.", "Use another snapshot; nothing was changed."
        )
