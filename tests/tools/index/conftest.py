import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from models.text import terms
from tools.index.backend import Backend
from tools.index.local.backend import LocalBackend
from tools.index.postgres.backend import PostgresBackend
from tools.index.postgres.schema import connect


class Hashing:
    """A deterministic embedding model without weights: each term adds to the place its hash names."""

    def __init__(self, name: str = "hashing", dimensions: int = 64) -> None:
        self.name = name
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                vectors[row, int(hashlib.sha256(term.encode()).hexdigest(), 16) % self.dimensions] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def embedder() -> Hashing:
    return Hashing()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the index lies."""
    return tmp_path / "home" / "index"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder for documents."""
    made = tmp_path / "documents"
    made.mkdir()
    return made


@pytest.fixture
def on_server(server: str) -> Iterator[Callable[..., PostgresBackend]]:
    """Makes indexes on the server, which are gone after the test."""
    made: list[tuple[PostgresBackend, str]] = []

    def make(**options: Any) -> PostgresBackend:
        schema = f"index_{uuid4().hex[:12]}"
        made.append((PostgresBackend(server, schema, **options), schema))
        return made[-1][0]

    yield make
    for backend, _ in made:
        backend.close()
    with connect(server, "public") as connection:
        for _, schema in made:
            # One by one: the server has room for the locks of so many tables at once.
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.commit()


@pytest.fixture(params=["folder", "PostgreSQL"])
def where(request: pytest.FixtureRequest, folder: Path) -> Backend:
    """An index of each kind, which does not exist yet."""
    if request.param == "folder":
        return LocalBackend(folder)
    made: Backend = request.getfixturevalue("on_server")()
    return made
