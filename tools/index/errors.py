"""What can be wrong with an index, wherever it lies."""

from models.embeddings.names import Embedder
from state.errors import UsageError, WarrantError


class BusyError(WarrantError):
    """Another process is writing to the index."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"Another process is writing to the index in {where}.", "Wait for it to end and run this again."
        )


class DamagedError(WarrantError):
    """The index is not what was written."""

    def __init__(self, message: str, way_out: str = "Look at it with `warrant index check`.") -> None:
        super().__init__(message, way_out)


class OtherModelError(UsageError):
    """The index was made with another embedding model."""

    def __init__(self, message: str, way_out: str, made_with: str) -> None:
        super().__init__(message, way_out)
        self.made_with = made_with


def check_model(made_with: str, dimensions: int, embedder: Embedder, where: str) -> None:
    """Refuse vectors of two models in one index.

    Raises:
        OtherModelError: it was made with another embedding model.
    """
    if (made_with, dimensions) != (embedder.name, embedder.dimensions):
        raise OtherModelError(
            f"The index in {where} was made with the embedding model {made_with} of {dimensions} "
            f"dimensions, not with {embedder.name} of {embedder.dimensions}.",
            f'Set models.embedding = "{made_with}" in the policy, '
            "or embed its documents anew: `warrant index add --rebuild`.",
            made_with,
        )
