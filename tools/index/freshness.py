"""Whether an index still says what its files say."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.index import files
from tools.index.document import VERSION, BrokenDocumentError
from tools.index.records import Kept

READ_DIFFERENTLY = "this version of Warrant reads it differently"


class StaleFile(BaseModel):
    """A file that is not what the index has read."""

    model_config = ConfigDict(frozen=True)

    path: str
    why: str


class Freshness(BaseModel):
    """How the files differ from what the index knows; a failed file is in its status, not here."""

    model_config = ConfigDict(frozen=True)

    hashed: bool
    """Whether the contents were compared, or sizes and times alone."""
    stale: tuple[StaleFile, ...] = ()
    missing: tuple[str, ...] = ()
    """Files that no longer exist; what the index has of them can still be found."""
    new: tuple[str, ...] = ()
    """Files in the folders that were added, which the index does not know."""
    unreadable: tuple[StaleFile, ...] = ()
    """Folders that cannot be looked into."""

    def is_current(self) -> bool:
        """Whether nothing differs."""
        return not (self.stale or self.missing or self.new or self.unreadable)


def freshness(kept: Iterable[Kept], roots: Iterable[Path], *, hashed: bool = False) -> Freshness:
    """Compare an index with its files.

    Args:
        kept: The files that it knows.
        roots: The folders that were added as a whole.
        hashed: Whether to read every file; without it one that has the same size and time counts as the same.
    """
    kept = list(kept)
    found = files.discover(roots)
    known = {file.path for file in kept}
    looked = [(file, _look(file, hashed)) for file in kept]
    return Freshness(
        hashed=hashed,
        stale=tuple(StaleFile(path=str(file.path), why=why) for file, why in looked if why),
        missing=tuple(str(file.path) for file, why in looked if why is None),
        new=tuple(str(path) for path in found.files if path not in known),
        unreadable=tuple(StaleFile(path=one.source, why=one.error) for one in found.broken),
    )


def _look(file: Kept, hashed: bool) -> str | None:
    """Why the file is stale: empty if it is not, None if it does not exist."""
    if files.gone(file.path):
        return None
    if not file.digest:
        return ""
    if not file.digest.startswith(f"{VERSION}:"):
        return READ_DIFFERENTLY
    try:
        return _difference(file, hashed)
    except BrokenDocumentError as error:
        return str(error)


def _difference(file: Kept, hashed: bool) -> str:
    if hashed:
        return "" if files.fingerprint(file.path) == file.digest else "its content changed"
    version = files.version(file.path)
    if version.size != file.version.size:
        return "its size changed"
    return "" if version == file.version else "it was written again"
