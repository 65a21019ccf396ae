from collections.abc import Iterator
from uuid import uuid4

import pytest

from tools.index.postgres.backend import PostgresBackend


@pytest.fixture
def backend(server: str) -> Iterator[PostgresBackend]:
    """An index of its own, which does not exist yet."""
    made = PostgresBackend(server, f"index_{uuid4().hex[:12]}", wait=0.2)
    yield made
    made.close()
