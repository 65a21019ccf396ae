"""Embeddings that are remembered by text, since the same sentences come back in every answer."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder

MAX_REMEMBERED = 8_192
"""Vectors kept, about 13 MB at 384 dimensions."""


class Remembered:
    """An embedder with a bounded memory, for several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, dimensions), each of norm 1."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found |= dict(zip(new, self._embedder.embed(new), strict=True))
        self._keep({text: found[text] for text in texts})
        return np.array([found[text] for text in texts], np.float32).reshape(len(texts), -1)

    def _keep(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            for text, vector in vectors.items():
                self._known[text] = vector
                self._known.move_to_end(text)
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
