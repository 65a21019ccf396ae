"""`warrant eval dataset` as commands."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.evaluate import commands
from evals.cases.dataset import load
from state.errors import UsageError

RUN = CliRunner()
LINES = [
    '{"id": "a", "input": "Where is my order?"}',
    '{"id": "b", "input": "where is my order"}',
    '{"id": "c", "input": "Refund it."}',
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_check_counts_the_cases_or_names_the_mistakes(file: Path) -> None:
    assert RUN.invoke(commands, ["dataset", "check", str(file)]).stdout == "3 cases, no mistake\n"
    file.write_text(file.read_text() + '{"id": "c", "input": 1}\n')
    done = RUN.invoke(commands, ["dataset", "check", str(file), "--json"])
    assert json.loads(done.stdout)["problems"] == [
        {"line": 4, "path": "/id", "message": "'c' is the id of line 3 too."}
    ]
    assert isinstance(done.exception, UsageError)


def test_the_hash_does_not_see_the_order(file: Path) -> None:
    first = RUN.invoke(commands, ["dataset", "hash", str(file)]).stdout
    file.write_text("\n".join(reversed(LINES)) + "\n")
    assert RUN.invoke(commands, ["dataset", "hash", str(file)]).stdout == first
    assert first.startswith("sha256:")


def test_the_later_of_a_pair_is_left_out(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "unique.jsonl"
    done = RUN.invoke(commands, ["dataset", "dedupe", str(file), "--out", str(out), "--json"])
    assert json.loads(done.stdout)["pairs"] == [{"first": "a", "second": "b", "similarity": 1.0}]
    assert [case.id for case in load(out).cases] == ["a", "c"]


def test_a_split_keeps_a_pair_together(file: Path, tmp_path: Path) -> None:
    sides = [tmp_path / "1", tmp_path / "2"]
    args = ["--first", str(sides[0]), "--second", str(sides[1])]
    for seed in "abcd":
        done = RUN.invoke(commands, ["dataset", "split", str(file), *args, "--seed", seed])
        assert done.exit_code == 0, done.exception
        texts = [side.read_text() for side in sides]
        assert sum('"a"' in text and '"b"' in text for text in texts) == 1
