"""Who may read a file, from outside it: sidecar files, and rules about where it lies.

`handbook.pdf.labels.toml` beside a file, and `_labels.toml` in its folder or in any folder above, say
`labels = ["hr"]`. They add up with the rules of the policy and with what the document itself states, so that
each can only take readers away. A file that is a link has those of the place where it really lies, too.
"""

import errno
import os
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from state.label_policy import NOBODY, LabelRule, rules_digest
from tools.index.document import BrokenDocumentError, read_labels

BESIDE = ".labels.toml"
"""Ends the name of a file's sidecar, which begins with the whole name of the file."""
FOLDER = "_labels.toml"
MAX_BYTES = 65_536
ANY = "**"


def is_sidecar(path: Path) -> bool:
    """Whether the file says who may read others."""
    return path.name == FOLDER or path.name.endswith(BESIDE)


class Labels:
    """The labels of files; each sidecar is read once, so one of these serves one run."""

    def __init__(self, rules: Sequence[LabelRule] = ()) -> None:
        """Take the rules of the policy."""
        self.digest = rules_digest(tuple(rules))
        self._rules = [(_folded(rule.path), rule.labels) for rule in rules]
        self._read = lru_cache(maxsize=10_000)(_stated)

    def of(self, path: Path) -> tuple[str, ...]:
        """The labels of a file, sorted.

        Raises:
            BrokenDocumentError: a sidecar is there and does not say clearly who may read.
        """
        try:
            places = {path, Path(os.path.realpath(path))}
        except OSError as error:
            raise BrokenDocumentError(f"Where it lies cannot be seen: {error}.", "Check the link.") from error
        sidecars = {one for place in places for one in _sidecars(place)}
        found = {label for one in sorted(sidecars) for label in self._read(one)}
        return tuple(sorted(found.union(*(self._ruled(place) for place in places))))

    def surely(self, path: Path, before: Sequence[str] = ()) -> tuple[tuple[str, ...], str]:
        """The labels of a file, and what is wrong with its sidecars: then nobody may read it.

        Args:
            path: An absolute path.
            before: Labels that it keeps if it is not there, since its sidecars went with it.
        """
        try:
            labels = self.of(path)
        except BrokenDocumentError as error:
            return (NOBODY,), str(error)
        return (labels if os.path.lexists(path) else tuple(sorted({*labels, *before}))), ""

    def _ruled(self, path: Path) -> Iterator[str]:
        names = _folded(path.as_posix())
        for pattern, labels in self._rules:
            if _covers(pattern, names):
                yield from labels


def _sidecars(path: Path) -> Iterator[Path]:
    yield path.with_name(path.name + BESIDE)
    yield from (folder / FOLDER for folder in path.parents)


def _stated(path: Path) -> tuple[str, ...]:
    """What a sidecar says; nothing if there is none."""
    try:
        path.lstat()
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise _unclear(path, f"it has more than {MAX_BYTES} bytes")
        said = tomllib.loads(text.decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if os.path.islink(path):  # noqa: PTH114 - Path.is_link swallows that it cannot be seen
            raise _unclear(path, "it is a link to nothing") from error
        return ()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file can have the name, so nobody can have written it
            return ()
        raise _unclear(path, error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unclear(path, str(error)) from error
    if said.keys() != {"labels"}:
        raise _unclear(path, f"it has the keys {', '.join(sorted(said)) or 'none'}")
    try:
        return read_labels(said["labels"])
    except BrokenDocumentError as error:
        raise _unclear(path, error.message) from error


def _unclear(path: Path, why: str) -> BrokenDocumentError:
    return BrokenDocumentError(
        f"Who may read it is not clear, so nobody may: {path}: {why.rstrip('.')}.",
        'Correct the sidecar: labels = ["hr"].',
    )


@lru_cache(maxsize=100_000)
def _folded_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _folded(path: str) -> tuple[str, ...]:
    """The names of a path or a pattern; a pattern that begins nowhere may begin anywhere."""
    start = () if path.startswith("/") else (ANY,)
    return (*start, *map(_folded_name, path.strip("/").split("/")))


def _covers(pattern: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a pattern matches a path or a folder above it."""
    at = _passed(pattern, {0})
    for name in names:
        if len(pattern) in at:
            return True
        stay = {one for one in at if pattern[one] == ANY}
        moved = {one + 1 for one in at - stay if fnmatchcase(name, pattern[one])}
        at = _passed(pattern, stay | moved)
    return len(pattern) in at


def _passed(pattern: tuple[str, ...], at: set[int]) -> set[int]:
    """The places in the pattern, and those behind a `**`, which may stand for nothing."""
    reached, new = set(at), at
    while new := {one + 1 for one in new if one < len(pattern) and pattern[one] == ANY} - reached:
        reached |= new
    return reached
