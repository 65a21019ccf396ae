"""`warrant replay`, on a file of traces and on the store."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from benchmarks.replay_corpus import recorded
from state.errors import UsageError

GRAPH = "benchmarks/replay_graphs.py:standing"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sample = asyncio.run(recorded("direct", 1))
    file = tmp_path_factory.mktemp("replay") / "run.jsonl"
    file.write_text("".join(run.model_dump_json() + "\n" for runs in sample.traces for run in runs))
    return file


def run(*args: object) -> Any:
    return CliRunner().invoke(cli, ["replay", *map(str, args)])


def test_an_unchanged_graph_is_identical(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.jsonl"
    done = run(trace, "--graph", GRAPH, "--json", "--out", out)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["identical"], said["diverged"], said["replays"][0]["answered"]) == (1, 0, 8)
    again = run(out, "--graph", GRAPH)
    assert again.exit_code == 0
    assert "1 of 1 identical; 8 calls from the recording, 0 live." in again.stdout


def test_a_changed_one_ends_with_1_and_shows_how(trace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(trace.read_text().replace('"inputs":{"a":1,"b":1}', '"inputs":{"a":7,"b":1}'))
    done = run(other, "--graph", GRAPH)
    assert done.exit_code == 1
    assert "an argument changed at call" in done.stdout
    assert '+    "a": 1,' in done.stdout


def test_the_recorded_calls_are_listed(trace: Path) -> None:
    done = run(trace, "--list", "--json")
    assert [call["number"] for call in json.loads(done.stdout)] == list(range(1, 9))
    assert "tool      add" in run(trace, "--list").stdout


@pytest.mark.parametrize(
    "args",
    [
        ["--on-miss", "perhaps"],
        ["--tools", "search live"],
        ["--graph", "nothing:here"],
        ["--volatile", "x"],
    ],
)
def test_what_cannot_be_done_is_a_usage_error(trace: Path, args: list[str]) -> None:
    assert isinstance(run(trace, *args).exception, UsageError)


@pytest.mark.parametrize("text", ["", "{}\n", "nonsense\n", "\n\n"])
def test_a_file_without_runs_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(text)
    assert isinstance(run(file).exception, UsageError)
