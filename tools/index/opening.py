"""Opening files that may be anything: nothing is waited for, and no more is read than the file had."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tools.index.document import MAX_FILE_BYTES, BrokenDocumentError

READ_BYTES = 1 << 20


@contextmanager
def opened(path: Path, limit: int = MAX_FILE_BYTES) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file and its size now; one that grows is to be read up to there.

    Raises:
        BrokenDocumentError: it is a FIFO, a device or a socket, or has more than `limit` bytes.
        OSError: it cannot be opened.
    """
    # A FIFO without a writer is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BrokenDocumentError("It is not a regular file.", "Copy what it gives into a file.")
        if found.st_size > limit:
            raise BrokenDocumentError(f"It has {found.st_size:,} bytes, more than {limit:,}.", "Split it.")
        yield file, found.st_size


def content(path: Path) -> bytes:
    """All bytes of a file; raises as `opened` does."""
    with opened(path) as (file, size):
        return file.read(size)


def sha256(path: Path, limit: int = MAX_FILE_BYTES) -> str:
    """Digest of the file in hexadecimal; raises as `opened` does."""
    digest = hashlib.sha256()
    with opened(path, limit) as (file, size):
        while file.tell() < size and (part := file.read(min(READ_BYTES, size - file.tell()))):
            digest.update(part)
    return digest.hexdigest()
