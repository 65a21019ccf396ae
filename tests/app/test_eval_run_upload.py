"""`warrant eval run` where LangSmith is configured: results go there at the end, and it may be down."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from evals.suites.folder import read_run
from state.settings import settings
from tests.servers.langsmith_server import langsmith_server

Warrant = Callable[[str], Result]


@pytest.fixture
def warrant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warrant]:
    """Runs a suite of two cases into `run`, with the given address as LangSmith's."""
    (tmp_path / "suite.toml").write_text(
        'name = "echo"\ndataset = "cases.jsonl"\ngraph = "tests.evals.suites.talker:echo"\n'
    )
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": "hello"}\n{"id": "b", "input": "you"}\n')

    def run(endpoint: str) -> Result:
        for name, value in (("TRACING", "true"), ("ENDPOINT", endpoint), ("API_KEY", "the-key")):
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        settings.cache_clear()
        command = ["eval", "run", str(tmp_path), "--out", str(tmp_path / "run"), "--json"]
        return CliRunner().invoke(cli, command, catch_exceptions=False)

    yield run
    settings.cache_clear()


def test_the_run_is_uploaded_at_its_end(warrant: Warrant) -> None:
    with langsmith_server() as server:
        done = warrant(server.url)
        assert (done.exit_code, json.loads(done.stdout)["trials"]) == (0, 2)
        assert "LangSmith: experiment echo run, 2 runs," in done.stderr
        assert {one["inputs"]["input"] for one in server.examples.values()} == {"hello", "you"}
        assert {one["session_name"] for one in server.runs.values()} == {"echo run"}, "and no trace besides"
        assert len(server.runs) == 2


@pytest.mark.parametrize("listens", [False, True])
def test_a_server_that_is_down_costs_seconds_and_a_message(
    warrant: Warrant, tmp_path: Path, *, listens: bool
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if listens:
            listening.listen()
        begun = time.monotonic()
        done = warrant(f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert time.monotonic() - begun < 12
    assert (done.exit_code, json.loads(done.stdout)["trials"]) == (0, 2)
    assert done.stderr.count("LangSmith at http://127.0.0.1") == done.stderr.count("warrant:") == 1
    assert read_run(tmp_path / "run")[0].finished
