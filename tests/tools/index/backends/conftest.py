"""Tests of what every backend does; each is run on each of them."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest

from tools.index.backend import Backend
from tools.index.local.backend import LocalBackend
from tools.index.local.fold import Sizes

Make: TypeAlias = Callable[[], Backend]
"""Gives a backend that holds nothing yet."""

# So small that a few passages go through every place in which a passage may lie.
TINY = Sizes(fold=3, factor=2, exact_below=1_000)


@pytest.fixture(params=["local", "local, tail only", "PostgreSQL"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "PostgreSQL":
        return request.getfixturevalue("on_server")  # type: ignore[no-any-return]
    if request.param == "local":
        return lambda: LocalBackend(tmp_path / uuid4().hex, TINY)
    return lambda: LocalBackend(tmp_path / uuid4().hex)
