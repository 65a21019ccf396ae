"""Embeddings of examples that are kept on disk, so that a process that starts does not make them again."""

import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from state.canonical import digest

PROBE = "This sentence tells models of one name apart."
NEAR = 1e-3
"""Difference of two embeddings of one text by one model on different machines, at most."""


class Kept:
    """An embedder, and a folder with what it gave before; a file that is damaged or foreign is made anew."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.embedder = embedder
        self._folder = folder

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, kept for the next process."""
        probe = self.embedder.embed([PROBE])
        path = self._folder / f"{digest([self.embedder.name, list(texts)]).removeprefix('sha256:')}.npz"
        found = _read(path, probe, len(texts))
        if found is None:
            found = self.embedder.embed(texts)
            # Where the folder cannot be written every start embeds anew.
            with suppress(OSError):
                _write(path, probe, found)
        return found


def _read(path: Path, probe: NDArray[np.float32], count: int) -> NDArray[np.float32] | None:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            kept, vectors = archive["probe"], archive["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    whole = kept.shape == probe.shape and vectors.shape == (count, probe.shape[1])
    if not whole or not np.all(np.isfinite(vectors)) or np.abs(kept - probe).max() > NEAR:
        return None
    return np.asarray(vectors, np.float32)


def _write(path: Path, probe: NDArray[np.float32], vectors: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, probe=probe, vectors=vectors)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(content.getvalue())
    beside.replace(path)
