"""Chroma: a graph of vectors for each large label set, in a folder of the index or on a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError
from tools.index.local.catalogue import Meta

if TYPE_CHECKING:
    import httpx
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client

FOLDER = "vectors"
PREFIX = "warrant"
TIMEOUT_SECONDS = 60.0


def name(meta: Meta, label_set: int) -> str:
    """The collection with the vectors of a label set."""
    return f"{PREFIX}-{meta.build}-{meta.generation}-{label_set}"


class Graphs:
    """The collections of one index; open for as long as this object is not closed."""

    def __init__(self, folder: Path, url: str = "") -> None:
        """Take the folder of the index, and the server's URL unless Chroma runs in this process."""
        self._folder = folder / FOLDER
        self.url = url
        self._client: ClientAPI | None = None
        self._lock = Lock()

    def is_lost(self) -> bool:
        """Whether the files are certainly not there."""
        return not self.url and not self._folder.is_dir()

    def put(self, meta: Meta, label_set: int, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors, or replace those of the same passages."""
        with self._asking() as client:
            # Without an embedding function Chroma can neither load nor run a model of its own.
            client.get_or_create_collection(
                name(meta, label_set), configuration={"hnsw": {"space": "ip"}}, embedding_function=None
            ).upsert(ids=[str(one) for one in ids.tolist()], embeddings=np.asarray(vectors))

    def drop(self, meta: Meta, label_set: int, ids: list[int]) -> None:
        """Remove vectors; those that are not there are ignored."""
        from chromadb.errors import NotFoundError

        with self._asking() as client:
            try:
                collection = client.get_collection(name(meta, label_set), embedding_function=None)
            except NotFoundError:
                return
            collection.delete(ids=[str(one) for one in ids])

    def count(self, meta: Meta, label_set: int) -> int:
        """How many vectors of a label set there are."""
        from chromadb.errors import NotFoundError

        with self._asking() as client:
            try:
                return client.get_collection(name(meta, label_set), embedding_function=None).count()
            except NotFoundError:
                return 0

    def keep(self, names: set[str], meta: Meta) -> None:
        """Remove every other collection of this index."""
        with self._asking() as client:
            for one in client.list_collections():
                ours = one.name.startswith(f"{PREFIX}-{meta.build}-") or not self.url
                if ours and one.name not in names:
                    client.delete_collection(one.name)

    def nearest(
        self, meta: Meta, label_set: int, query: NDArray[np.float32], count: int
    ) -> NDArray[np.int64] | None:
        """Passages near a query, some of which may no longer be there; None if nothing is known of them."""
        from chromadb.errors import NotFoundError

        with self._asking() as client:
            try:
                collection = client.get_collection(name(meta, label_set), embedding_function=None)
                found = collection.query(query_embeddings=query[None, :], n_results=count, include=[])
            except NotFoundError:
                return None
        return np.array([int(one) for one in found["ids"][0]], np.int64)

    def close(self) -> None:
        """Let go of the files; the next use opens them again and sees what other processes wrote."""
        with self._lock:
            if self._client is not None:
                sessions = _sessions(self._client)
                cast("Client", self._client).close()
                for session in sessions:
                    session.close()
                self._client = None

    @contextmanager
    def _asking(self) -> "Iterator[ClientAPI]":
        """The client, for one caller at a time: it must not be closed while it is asked."""
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        with self._lock:
            try:
                if self._client is None:
                    self._client = self._open()
                yield self._client
            except NotFoundError:
                raise
            except (ChromaError, httpx.HTTPError, ValueError) as error:
                raise self._error(error) from error

    def _error(self, error: Exception) -> WarrantError:
        if self.url:
            return WarrantError(
                f"The Chroma server at {self.url} cannot be used: {error}.",
                "Start it (`chroma run`), or unset WARRANT_CHROMA_URL to keep the vectors in the index.",
            )
        return WarrantError(
            f"The vectors in {self._folder} cannot be used: {error}.",
            "Delete that folder; the next `warrant index add` makes it anew.",
        )

    def _open(self) -> "ClientAPI":
        from chromadb import HttpClient, PersistentClient
        from chromadb.config import Settings

        if not self.url:
            return PersistentClient(self._folder, Settings(anonymized_telemetry=False))
        parts = urlsplit(self.url)
        tls = parts.scheme == "https"
        client = HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if tls else 8000),
            ssl=tls,
            settings=Settings(anonymized_telemetry=False),
        )
        for session in _sessions(client):
            session.timeout = TIMEOUT_SECONDS
        return client


def _sessions(client: "ClientAPI") -> "list[httpx.Client]":
    """The connections to a server: Chroma neither closes them nor bounds the time that an answer takes."""
    owners = (client, getattr(client, "_admin_client", None))
    servers = (getattr(owner, "_server", None) for owner in owners)
    found = (getattr(server, "_session", None) for server in servers)
    return [session for session in found if session is not None]
