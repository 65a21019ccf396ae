"""Tests of what every backend does; each is run on each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest

from tools.index.backend import Backend
from tools.index.local.backend import LocalBackend
from tools.index.local.fold import Sizes
from tools.index.postgres.backend import PostgresBackend

Make: TypeAlias = Callable[[], Backend]
"""Gives a backend that holds nothing yet."""

# So small that a few passages go through every place in which a passage may lie.
TINY = Sizes(fold=3, factor=2, exact_below=1_000)


@pytest.fixture(params=["local", "local, tail only", "PostgreSQL"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("server")
        made: list[PostgresBackend] = []

        def new() -> Backend:
            made.append(PostgresBackend(server, f"index_{uuid4().hex[:12]}"))
            return made[-1]

        yield new
        for one in made:
            one.close()
    elif request.param == "local":
        yield lambda: LocalBackend(tmp_path / uuid4().hex, TINY)
    else:
        yield lambda: LocalBackend(tmp_path / uuid4().hex)
