"""An embedding model whose vectors are kept in a folder between runs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder


class Kept:
    """The same model; a text that was embedded before is looked up.

    The folder holds `DIGEST.npz` files with the SHA-256 of texts and their vectors; `save` adds one.
    """

    def __init__(self, embedder: Embedder, folder: Path | None) -> None:
        self._embedder = embedder
        self._folder = folder
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self._new: list[bytes] = []
        self.name = embedder.name
        for file in sorted(folder.glob("*.npz")) if folder else ():
            with np.load(file) as arrays:
                rows = zip(arrays["keys"], arrays["vectors"], strict=True)
                self._known |= {key.tobytes(): vector for key, vector in rows}

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the model, looked up where they are known."""
        keys = [self._key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            self._known |= zip(missing, self._embedder.embed(list(missing.values())), strict=True)
            self._new += missing
        rows = [self._known[key] for key in keys]
        return np.array(rows, np.float32).reshape(len(rows), self.dimensions)

    def save(self) -> None:
        """Keep what is new, where there is a folder."""
        if self._folder and self._new:
            self._folder.mkdir(parents=True, exist_ok=True)
            keys = np.array([np.frombuffer(key, np.uint8) for key in self._new])
            vectors = np.array([self._known[key] for key in self._new])
            name = hashlib.sha256(b"".join(self._new)).hexdigest()[:16]
            np.savez(self._folder / f"{name}.npz", keys=keys, vectors=vectors)
            self._new = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what a model has beside the protocol
        return getattr(self._embedder, name)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.name}\0{text}".encode("utf-8", "surrogatepass")).digest()
