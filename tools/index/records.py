"""What goes into the catalogue and comes out of it, as typed values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.index.chunks import Chunk
from tools.index.document import Document


class Known(NamedTuple):
    """What the catalogue knows of a file."""

    name: str
    digest: str
    given: tuple[str, ...]
    """ACL labels that it has from outside: a sidecar file, or path rules of the policy."""


class Version(NamedTuple):
    """A file as it lies on the disk."""

    size: int
    modified: str
    """ISO 8601, UTC."""


NEVER = Version(0, "")
"""Of a file that could not be looked at."""


class Waiting(NamedTuple):
    """A passage that is to be embedded anew."""

    passage: int
    title: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Entry:
    """A source that is ready to be written."""

    file: str
    document: Document
    chunks: Sequence[Chunk]
    vectors: NDArray[np.float32]
    """Shape (chunks, dimensions)."""
    modified: str
    """When its file was last written (ISO 8601, UTC)."""


@dataclass(frozen=True)
class Finished:
    """A file that was read."""

    path: str
    digest: str
    """Empty if it is to be read again next time."""
    version: Version
    """As it was when it was read."""
    error: str = ""
    sources: frozenset[str] | None = None
    """What it holds; its other sources are removed. None keeps them all."""
