from collections.abc import Callable

import pytest

from tools.index.postgres.backend import PostgresBackend


@pytest.fixture
def backend(on_server: Callable[..., PostgresBackend]) -> PostgresBackend:
    """An index of its own, which does not exist yet."""
    return on_server(wait=0.2)
