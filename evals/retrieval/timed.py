"""An embedding model whose time is taken apart from the rest of a search."""

import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder


class Timed:
    """The same model; all that is asked of it counts, whatever its methods are called."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name = embedder.name
        self.seconds = 0.0
        """Wall-clock time until now."""
        self.cpu_seconds = 0.0
        """Processor time until now, over all threads."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the model."""
        return np.asarray(self._counted(self._embedder.embed)(texts), np.float32)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what a model has beside the protocol
        found = getattr(self._embedder, name)
        return self._counted(found) if callable(found) else found

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - wall
                self.cpu_seconds += time.process_time() - cpu

        return counted
