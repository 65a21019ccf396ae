"""A folder as the root of all that is read and written.

A path is opened component by component, each relative to the folder before it and never through a
symbolic link, so that nothing that is moved or linked meanwhile leads outside (openat(2), O_NOFOLLOW).
"""

import errno
import heapq
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel, Field

from state.local_policy import FilesPolicy
from tools.capability import ToolError

PATH_WAY_OUT = "Give a path below the root such as reports/2026.txt."
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO would block the call until somebody writes to it.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EMLINK})
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Entry(BaseModel):
    """A file or a folder."""

    path: str
    kind: Literal["file", "folder"]
    bytes: int


class Entries(BaseModel):
    """What lies in a folder, by name."""

    entries: list[Entry]
    truncated: bool = Field(description="Whether there are more entries than these.")


class Written(BaseModel):
    """A file that was written."""

    path: str
    bytes: int


class Root:
    """The folder that the tools see; names that begin with a dot and symbolic links are not part of it."""

    def __init__(self, policy: FilesPolicy) -> None:
        self._policy = policy

    def entries(self, folder: str) -> Entries:
        """What lies in a folder.

        Raises:
            ToolError: there is no such folder below the root.
        """
        parts = _parts(folder) if folder else ()
        limit = self._policy.entries
        with self._folder(parts) as descriptor, os.scandir(descriptor) as found:
            first = heapq.nsmallest(limit + 1, filter(_is_shown, found), key=lambda entry: entry.name)
            entries = [_entry(entry, parts) for entry in first[:limit]]
        return Entries(entries=entries, truncated=len(first) > limit)

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            ToolError: there is no such file below the root, it is too large or is not text.
        """
        *parts, name = _parts(path)
        with self._folder(parts) as folder, _explained(path), _opened(folder, name, path) as file:
            content = file.read(self._policy.bytes + 1)
        if len(content) > self._policy.bytes:
            raise ToolError(f"{path} has more than {self._policy.bytes} bytes.", "Ask for a smaller file.")
        return _text(content, path)

    def write(self, path: str, text: str, replace: bool) -> Written:
        """Write a file, whole or not at all.

        Raises:
            ToolError: nothing was written: its folder does not exist, it is too large, or it exists already.
        """
        *parts, name = _parts(path)
        content = _encoded(text, self._policy.bytes)
        with self._folder(parts) as folder:
            with _explained(path):
                _put(folder, name, content, replace)
            os.fsync(folder)
        return Written(path=path, bytes=len(content))

    @contextmanager
    def _folder(self, parts: Sequence[str]) -> Iterator[int]:
        """A folder below the root, open."""
        with ExitStack() as opened:
            descriptor = _root(self._policy.root)
            opened.callback(os.close, descriptor)
            with _explained("/".join(parts)):
                for part in parts:
                    descriptor = os.open(part, FOLDER, dir_fd=descriptor)
                    opened.callback(os.close, descriptor)
            yield descriptor


def _parts(path: str) -> tuple[str, ...]:
    """The names of a path, if all of them may lie below the root."""
    parts = tuple(path.split("/"))
    if path.startswith("/") or "\\" in path or not path.isprintable():
        raise ToolError(f"{path[:80]!r} is not a relative path with forward slashes.", PATH_WAY_OUT)
    if any(not part or part.startswith(".") for part in parts):
        raise ToolError(f"{path[:80]!r} has a part that is empty or begins with a dot.", PATH_WAY_OUT)
    return parts


def _root(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ToolError(
            f"The root of the files cannot be opened: {error.strerror}.", "Check files.root in policy.toml."
        ) from error


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise ToolError(f"{path} exists already.", "Choose another name, or give replace.") from error
    except OSError as error:
        # A link, a socket or a file in place of a folder is as little there as nothing at all.
        if error.errno in ABSENT:
            raise ToolError(f"There is no {path} below the root.", "See list_files.") from error
        raise ToolError(
            f"{path} cannot be used: {error.strerror}.", "Check its name and its rights."
        ) from error


def _put(folder: int, name: str, content: bytes, replace: bool) -> None:
    """Write beside it and put it in place at once, so that nobody ever reads half of it."""
    draft = f".{secrets.token_hex(8)}.draft"
    try:
        with os.fdopen(os.open(draft, CREATE, 0o644, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace and _is_file(folder, name):
            os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    finally:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)


def _is_file(folder: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _opened(folder: int, name: str, path: str) -> BinaryIO:
    """A regular file, and nothing that only looks like one."""
    descriptor = os.open(name, READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ToolError(f"{path} is not a file.", "See list_files.")
    return os.fdopen(descriptor, "rb")


def _text(content: bytes, path: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} is not UTF-8 text.", "Ask for a text file.") from error
    if "\0" in text:
        raise ToolError(f"{path} is not text.", "Ask for a text file.")
    return text


def _encoded(text: str, limit: int) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise ToolError("The text holds a lone surrogate.", "Write Unicode text.") from error
    if len(content) > limit:
        raise ToolError(f"The text has more than {limit} bytes.", "Write a shorter one.")
    return content


def _is_shown(entry: "os.DirEntry[str]") -> bool:
    regular = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
    return regular and entry.name.isprintable() and not entry.name.startswith(".") and "\\" not in entry.name


def _entry(entry: "os.DirEntry[str]", parts: Iterable[str]) -> Entry:
    return Entry(
        path="/".join([*parts, entry.name]),
        kind="folder" if entry.is_dir(follow_symlinks=False) else "file",
        bytes=entry.stat(follow_symlinks=False).st_size,
    )
