"""The dense vectors in Chroma, which searches them where there are too many to compare with all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Where

COLLECTION = "passages"
FOLDER = "vectors"
BATCH = 2_000


class Neighbour(NamedTuple):
    """A passage near a query."""

    passage: int
    similarity: float
    """Cosine."""


class Vectors:
    """The vectors of one index; open for as long as this object is not closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._client: Client | None = None
        self._lock = Lock()

    def exists(self) -> bool:
        """Whether anything was ever put here."""
        return self._folder.is_dir()

    def count(self) -> int:
        """How many vectors there are."""
        with self._collection() as collection:
            return collection.count()

    def put(self, ids: Sequence[int], label_sets: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Add vectors, or replace those of the same passages."""
        with self._collection() as collection:
            collection.upsert(
                ids=[str(one) for one in ids],
                embeddings=vectors,
                metadatas=[{"label_set": one} for one in label_sets],
            )

    def drop(self, ids: Sequence[int]) -> None:
        """Remove vectors; those that are not there are ignored."""
        with self._collection() as collection:
            collection.delete(ids=[str(one) for one in ids])

    def clear(self) -> None:
        """Remove all vectors."""
        with self._collection():
            self._open().delete_collection(COLLECTION)

    def nearest(
        self, query: NDArray[np.float32], count: int, allowed: Sequence[int] | None
    ) -> list[Neighbour]:
        """The nearest passages, best first, among those of the allowed label sets; None allows all."""
        where = None if allowed is None else cast("Where", {"label_set": {"$in": list(allowed)}})
        with self._collection() as collection:
            found = collection.query(
                query_embeddings=query[None, :], n_results=count, where=where, include=["distances"]
            )
        distances = (found["distances"] or [[]])[0]
        return [
            Neighbour(int(one), 1 - distance)
            for one, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def stored(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """The vectors of those of these passages that are here."""
        with self._collection() as collection:
            found = collection.get(ids=[str(one) for one in ids], include=["embeddings"])
        vectors = np.asarray(found["embeddings"], np.float32)
        return {int(one): vector for one, vector in zip(found["ids"], vectors, strict=True)}

    def close(self) -> None:
        """Let go of the files; the next use opens them again and sees what other processes wrote."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    @contextmanager
    def _collection(self) -> "Iterator[Collection]":
        """The collection, for one caller at a time: a client must not be closed while it is asked."""
        from chromadb.errors import ChromaError

        try:
            with self._lock:
                # Without an embedding function Chroma can neither load nor run a model of its own.
                yield self._open().get_or_create_collection(
                    COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
                )
        except ChromaError as error:
            raise WarrantError(
                f"The vectors in {self._folder} cannot be used: {error}.",
                "Delete that folder; the next `warrant index add` makes it anew.",
            ) from error

    def _open(self) -> "Client":
        from chromadb import PersistentClient
        from chromadb.config import Settings

        if self._client is None:
            client = PersistentClient(self._folder, Settings(anonymized_telemetry=False))
            self._client = cast("Client", client)
        return self._client
