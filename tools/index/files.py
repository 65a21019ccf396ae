"""Finding files, and reading each by its kind."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tools.index.document import VERSION, BrokenDocumentError, Document
from tools.index.isolation import Isolation
from tools.index.records import Version

FORMATS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
}
KINDS = ", ".join(FORMATS)


class Broken(NamedTuple):
    """A source that was skipped."""

    source: str
    error: str
    """What is wrong and the way out."""


@dataclass
class Found:
    """What lies under some paths."""

    files: list[Path] = field(default_factory=list)
    """Absolute, each once, sorted below each path."""
    broken: list[Broken] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    """Paths that were named and do not exist."""


def discover(paths: Iterable[Path]) -> Found:
    """The files that can be indexed: those named, and those in folders, save hidden ones.

    Links to folders are not followed, so that a loop of them does no harm.
    """
    found = Found()
    for path in map(_absolute, paths):
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where the parent may not be searched
            found.files += _inside(path, found.broken)
        elif os.path.isfile(path):  # noqa: PTH113 - as above
            _take(path, found)
        elif gone(path):
            found.missing.append(path)
        else:
            found.broken.append(
                Broken(str(path), "It is not a file or folder that can be opened. Check its permissions.")
            )
    found.files = list(dict.fromkeys(found.files))
    return found


def gone(path: Path) -> bool:
    """Whether the path certainly does not exist; one that may not be looked at counts as there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, and the version by which it is cut.

    Raises:
        BrokenDocumentError: it cannot be opened.
    """
    with _opening(), path.open("rb") as file:
        return f"{VERSION}:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def version(path: Path) -> Version:
    """Size and time of the file.

    Raises:
        BrokenDocumentError: it cannot be looked at.
    """
    with _opening():
        found = path.stat()
    return Version(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC).isoformat())


def read(path: Path, source: str, isolation: Isolation) -> Iterator[Document | Broken]:
    """The documents of a file, and the broken ones among them.

    Raises:
        BrokenDocumentError: the file cannot be read, or not to its end.
    """
    kind = _format(path)
    with _opening():
        if kind == "jsonl":
            from tools.index.formats import jsonl

            for item in jsonl.read(path, source):
                yield item if isinstance(item, Document) else Broken(item[0], str(item[1]))
        else:
            yield isolation.read(f"tools.index.formats.{kind}", path, source)


@contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BrokenDocumentError(
            f"It cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error


def _absolute(path: Path) -> Path:
    # Not resolved: a link to a file is known by the name that the user sees.
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - Path.absolute keeps `..`


def _format(path: Path) -> str | None:
    name = path.name.lower()
    return next((kind for suffix, kind in FORMATS.items() if name.endswith(suffix)), None)


def _take(path: Path, found: Found) -> None:
    if _format(path):
        found.files.append(path)
    else:
        found.broken.append(Broken(str(path), f"Its kind is unknown. Warrant reads {KINDS}."))


def _inside(folder: Path, broken: list[Broken]) -> Iterator[Path]:
    def report(error: OSError) -> None:
        broken.append(
            Broken(str(error.filename), f"It cannot be opened: {error.strerror}. Check its permissions.")
        )

    for parent, folders, names in os.walk(folder, onerror=report):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith(".") and _format(path) and os.path.isfile(path):  # noqa: PTH113 - as above
                yield path
