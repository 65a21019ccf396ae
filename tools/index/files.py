"""Finding files, and reading each by its kind."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tools.index import opening
from tools.index.document import (
    MAX_FILE_BYTES,
    MAX_LINES_BYTES,
    UNPRINTABLE,
    VERSION,
    BrokenDocumentError,
    Document,
    escaped,
)
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

    Links to folders are not followed, so that a loop of them does no harm. What has the name of a document
    and is none (a FIFO, a device, a link to nothing) is reported.
    """
    found = Found()
    for path in map(_absolute, paths):
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where the parent may not be searched
            _search(path, found)
        elif gone(path) and not os.path.islink(path):  # noqa: PTH114 - as above
            found.missing.append(path)
        elif _format(path):
            _take(path, found)
        else:
            found.broken.append(Broken(escaped(str(path)), f"Its kind is unknown. Warrant reads {KINDS}."))
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


def is_known(path: Path) -> bool:
    """Whether its kind can be read, by its name."""
    return _format(path) is not None


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, and the version by which it is cut.

    Raises:
        BrokenDocumentError: it cannot be opened, is no regular file, or is too big.
    """
    limit = MAX_LINES_BYTES if _format(path) == "jsonl" else MAX_FILE_BYTES
    with _opening():
        return f"{VERSION}:{opening.sha256(path, limit)}"


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
    if UNPRINTABLE.search(str(path)):
        problem = "Its name has control characters, or is not UTF-8. Rename it."
    elif os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where the parent may not be searched
        found.files.append(path)
        return
    elif gone(path):
        problem = "It is a link to nothing. Mend or remove it."
    elif os.access(path, os.F_OK):
        problem = "It is not a regular file. Copy what it gives into a file."
    else:
        problem = "It is not a file or folder that can be opened. Check its permissions."
    found.broken.append(Broken(escaped(str(path)), problem))


def _search(folder: Path, found: Found) -> None:
    """Look through a folder and those in it, without recursion: they may lie deeper than Python's stack."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found.broken.append(
                Broken(escaped(str(place)), f"It cannot be opened: {error.strerror}. Check its permissions.")
            )
            continue
        shown = [entry for entry in inside if not entry.name.startswith(".")]
        folders = [Path(entry) for entry in shown if entry.is_dir(follow_symlinks=False)]
        for path in map(Path, shown):
            if _format(path) and not os.path.isdir(path):  # noqa: PTH112 - as in discover
                _take(path, found)
        waiting += reversed(folders)
