"""Packed files: read as what they hold, whatever their name says."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

GZIP = b"\x1f\x8b"
UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)
"""What reading a file raises that is not there, damaged or no text."""


@contextmanager
def unpacked(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """The bytes of an open file, out of gzip where it is packed."""
    buffered = io.BufferedReader(cast(io.RawIOBase, raw))
    if buffered.peek(len(GZIP))[: len(GZIP)] == GZIP:
        with gzip.open(buffered) as file:
            yield cast(IO[bytes], file)
    else:
        yield buffered


def why(error: BaseException) -> str:
    """What is wrong with a file, in a few words."""
    return str(getattr(error, "strerror", None) or error)
