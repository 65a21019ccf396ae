"""`warrant replay` of traces that cannot be replayed: what is said, and the way out."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from benchmarks.replay_corpus import recorded
from state.errors import UsageError
from state.trace import Run

GRAPH = "benchmarks/replay_graphs.py:standing"
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lines() -> Lines:
    sample = asyncio.run(recorded("direct", 1))
    return [run.model_dump(mode="json") for runs in sample.traces for run in runs]


def refused(file: Path, *args: str) -> UsageError:
    done = CliRunner().invoke(cli, ["replay", str(file), "--graph", GRAPH, *args])
    assert isinstance(done.exception, UsageError), done.output
    return done.exception


def root_of(lines: Lines) -> dict[str, Any]:
    return next(line for line in lines if line["parent_run_id"] is None)


def killed(lines: Lines) -> Lines:
    """As a process leaves it that was killed: the root and the last call have no end."""
    last = max((line for line in lines if line["run_type"] == "tool"), key=lambda line: line["start_time"])
    return [
        {**line, "end_time": None, "outputs": None} if line in (root_of(lines), last) else line
        for line in lines
    ]


def rootless(lines: Lines) -> Lines:
    return [line for line in lines if line["parent_run_id"]]


def unreadable(lines: Lines) -> Lines:
    return [{**line, "inputs": {"messages": 3}} if line["run_type"] == "llm" else line for line in lines]


def unanswered(lines: Lines) -> Lines:
    return [{**line, "outputs": None} if line["run_type"] == "llm" else line for line in lines]


def empty_reply(lines: Lines) -> Lines:
    return [{**line, "outputs": {"generations": []}} if line["run_type"] == "llm" else line for line in lines]


@pytest.mark.parametrize(
    ("broken", "problem", "way_out"),
    [
        (killed, "has no end: its process was stopped", "go on from its checkpoint"),
        (rootless, "has no root run", "Export it again, all of it"),
        (unreadable, "prompt of run", "Export it again"),
        (unanswered, "reply of run", "Export it again"),
        (empty_reply, "reply of run", "Export it again"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_trace_that_cannot_be_replayed_says_why(
    lines: Lines, tmp_path: Path, broken: Callable[[Lines], Lines], problem: str, way_out: str
) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in broken(lines)))
    error = refused(file)
    assert problem in str(error)
    assert way_out in error.way_out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no run in"),
        (b"\xff\xfe", "Cannot read"),
        (b"{}\n", "line 1 is no run"),
        (b"[1]\n", "line 1 is no run"),
        (b"\n{\n", "line 2 is no run"),
        (b'{"id": "a", "name": "\xc3\xa9"}', "line 1 is no run"),
    ],
)
def test_a_file_that_holds_no_runs_says_where(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_bytes(content)
    error = refused(file)
    assert problem in str(error)
    assert error.way_out


def test_a_line_that_was_cut_off_is_named(lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / "cut.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines)[:-40])
    assert f"line {len(lines)} is no run" in str(refused(file))


def test_a_folder_and_a_file_that_is_not_there_are_named(tmp_path: Path) -> None:
    assert "Cannot read" in str(refused(tmp_path / "gone.jsonl"))
    folder = tmp_path / "folder.jsonl"
    folder.mkdir()
    assert "Cannot read" in str(refused(folder))


def test_a_trace_of_another_graph_is_told_from_a_changed_one(lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text("".join(Run.model_validate(line).model_dump_json() + "\n" for line in lines))
    error = refused(file, "--graph", "tests.evals.replay.test_streaming:graph")
    assert "ran first, second" in str(error)
    assert "has ask, count, inner" in str(error)
    assert "--graph" in error.way_out
