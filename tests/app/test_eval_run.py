"""`warrant eval run` and `list` as commands."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.evaluate import commands
from evals.suites.folder import read_run
from state.errors import UsageError
from state.settings import PROJECT, settings
from tests.evals.suites.graphs import KILLED
from tests.servers.processes import BIN, environment

SUITE = """
name = "tiny"
dataset = "cases.jsonl"
graph = "tests.evals.suites.graphs:uncompiled"
concurrency = 1
"""
CASES: list[dict[str, Any]] = [
    {"id": "a", "input": "one", "tags": ["good"], "expect": {"answer": {"contains": ["one"]}}},
    {"id": "b", "input": "two", "tags": ["bad"], "expect": {"answer": {"contains": ["three"]}}},
    {"id": "c", "input": "kill"},
    {"id": "d", "input": "four", "tags": ["good"]},
]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "suite.toml").write_text(SUITE)
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES))
    return folder


def killed(suite: Path, out: Path, mark: Path) -> int:
    """Run the suite in a process of its own, which its third case kills."""
    command = [str(BIN / "warrant"), "eval", "run", str(suite), "--out", str(out)]
    env = environment(out.parent, **{KILLED: str(mark)})
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, check=False).returncode


def evaluate(*args: object) -> Result:
    return CliRunner().invoke(commands, [str(arg) for arg in args])


@pytest.fixture(autouse=True)
def nothing_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KILLED, __file__)


def test_a_run_that_was_killed_goes_on_and_is_listed(suite: Path, tmp_path: Path) -> None:
    out = settings().home / "evals" / f"killed-{tmp_path.name}"
    assert killed(suite, out, tmp_path / "killed") == -signal.SIGKILL
    before = read_run(out)[1]
    assert [trial.case for trial in before] == ["a", "b"]

    done = evaluate("run", suite, "--resume", out.name, "--json")
    assert done.exit_code == 0, done.output
    info, after = read_run(out)
    assert [trial.case for trial in after] == ["a", "b", "c", "d"]
    assert after[:2] == before
    assert info.finished is not None

    found = json.loads(done.stdout)
    assert (found["trials"], found["infrastructure_errors"], found["failed"]) == (4, 0, ["b"])
    assert found["passed"]["value"] == 0.75
    low, high = found["passed"]["interval"]
    assert 0 < low < 0.75 < high < 1
    assert {tag: rate["value"] for tag, rate in found["tags"].items()} == {"bad": 0.0, "good": 1.0}
    assert found["labels"] == {"wrong_answer": 1}
    assert found in json.loads(evaluate("list", "--json").stdout)
    assert f"{out.name}   75.0% of 4 trials  tiny" in evaluate("list").stdout


def test_cases_are_chosen_by_id_and_tag_and_shown(suite: Path, tmp_path: Path) -> None:
    done = evaluate("run", suite, "--tag", "good", "--trials", 2, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert [trial.case for trial in read_run(tmp_path / "run")[1]] == ["a", "a", "d", "d"]
    head, all_, good, *rest = done.stdout.splitlines()
    assert head.split() == ["passed", "95", "%", "interval", "trials", "cases"]
    assert (all_.split()[:2], good.split()[:2]) == (["all", "100.0%"], ["good", "100.0%"])
    assert f"compare: warrant eval compare BASE {tmp_path / 'run'}" in rest
    for wrong in (("--case", "zzz"), ("--tag", "zzz"), ("--resume", "zzz")):
        assert isinstance(evaluate("run", suite, *wrong).exception, UsageError)


def test_mistakes_of_dataset_and_suite_end_with_the_way_out(suite: Path, tmp_path: Path) -> None:
    with (suite / "cases.jsonl").open("a") as file:
        file.write('{"id": "e"}\n')
    error = evaluate("run", suite).exception
    assert isinstance(error, UsageError)
    assert f"{suite}/cases.jsonl:5: /input: " in str(error)
    assert isinstance(evaluate("run", tmp_path / "nowhere").exception, UsageError)


class Down(BaseHTTPRequestHandler):
    """A graph API whose server is broken."""

    def do_POST(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def down() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Down) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_suite_that_could_not_be_run_at_all_fails(suite: Path, tmp_path: Path, down: str) -> None:
    done = evaluate("run", suite, "--case", "a", "--url", down, "--out", tmp_path / "run", "--json")
    assert done.exit_code == 5
    found = json.loads(done.stdout)
    assert (found["trials"], found["infrastructure_errors"], found["passed"]) == (0, 1, None)
    assert "503" in done.stderr
