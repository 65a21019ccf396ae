"""Rerankers by name: what one is, and how it is found."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from models.chat import ModelError
from state.errors import UsageError

FEATURES = "features"
"""The ranking that needs no second model."""
NAMES = (
    f"Use {FEATURES} (no second model), rrf, cross-encoder:FOLDER with model.onnx and tokenizer.json, "
    "https://host/rerank#model for a server that speaks the rerank protocol, or module:attribute of yours."
)


@runtime_checkable
class Reranker(Protocol):
    """Scores texts for a query. It blocks and is thread-safe: async code calls it in a thread."""

    @property
    def name(self) -> str:
        """The name that `resolve` takes."""
        ...

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How well each text fits the query, shape (n,): more is better, and only the order counts.

        Raises:
            ModelError: no scores could be had.
        """
        ...


def resolve(name: str, key: SecretStr | None = None, timeout_seconds: float = 60.0) -> Reranker | None:
    """The reranker of a name; None for `features` and `rrf`, which are the index's own.

    Args:
        name: See `NAMES`.
        key: Sent to a server as bearer token.
        timeout_seconds: Longest silence of a server.

    Raises:
        UsageError: there is none of this name, or it cannot be loaded.
    """
    if name in (FEATURES, "rrf"):
        return None
    if name.startswith("cross-encoder:"):
        from models.rerankers.cross_encoder import CrossEncoder

        return CrossEncoder(Path(name.removeprefix("cross-encoder:")))
    if name.startswith(("http://", "https://")):
        from models.rerankers.server import RerankServer

        return RerankServer(name, key, timeout_seconds)
    return _own(name)


def checked(name: str, scores: object, count: int) -> NDArray[np.float32]:
    """The scores, if they are what was asked for.

    Raises:
        ModelError: they are not one finite number for each text.
    """
    try:
        found = np.asarray(scores, np.float32)
    except (TypeError, ValueError) as error:
        raise ModelError(f"The reranker {name} gave no numbers: {error}.", "Check the model.") from error
    if found.shape != (count,) or not np.all(np.isfinite(found)):
        raise ModelError(f"The reranker {name} did not give {count} finite scores.", "Check the model.")
    return found


def _own(name: str) -> Reranker:
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise UsageError(f"There is no reranker {name!r}.", NAMES)
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"The reranker {name!r} cannot be loaded: {error}.", NAMES) from error
    reranker = found() if isinstance(found, type) else found
    if not isinstance(reranker, Reranker):
        raise UsageError(f"{name!r} is not a reranker.", "Give it a name and score(query, texts).")
    return reranker
