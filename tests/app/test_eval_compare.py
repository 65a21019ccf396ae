"""`warrant eval compare`, as a user runs it: folders of runs, printed text, exit codes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from evals.suites.compare import Run
from evals.suites.folder import TRIALS, write_run
from state.errors import UsageError
from state.settings import settings
from tests.evals.suites.recorded import run, same

Warrant = Callable[..., Result]


@pytest.fixture
def warrant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warrant]:
    """Runs lie in the home by their ids; a `UsageError` is raised, as `main` gets it."""
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path))
    settings.cache_clear()
    monkeypatch.chdir(tmp_path)
    yield lambda *args: CliRunner().invoke(cli, ["eval", "compare", *args], catch_exceptions=False)
    settings.cache_clear()


def put(home: Path, name: str, recorded: Run) -> Path:
    folder = home / "evals" / name
    write_run(folder, recorded.info, recorded.trials)
    return folder


def test_exit_codes(warrant: Warrant, tmp_path: Path) -> None:
    put(tmp_path, "good", run(same(20, [1]), "good"))
    put(tmp_path, "bad", run({**same(20, [0]), "c000": [1]}, "bad"))
    put(tmp_path, "small", run(same(2, [1]), "small", dataset="sha256:2"))
    put(tmp_path, "other", run({"x": [1]}, "other", dataset="sha256:3"))
    assert warrant("good", "good").exit_code == 0
    assert warrant("good", "bad").exit_code == 1
    assert warrant("bad", "good").exit_code == 0
    assert warrant("good", "other").exit_code == 3
    assert warrant("good", "small", "--exact").exit_code == 0


def test_what_is_printed(warrant: Warrant, tmp_path: Path) -> None:
    put(tmp_path, "good", run(same(20, [1, 1]), "good", f1=0.9))
    folder = put(
        tmp_path, "worse", run({**same(20, [1, 1]), "c000": [0, 0], "c001": [1, 0]}, "worse", f1=0.8)
    )
    printed = warrant("good", str(folder)).stdout
    assert printed.startswith("No regression.")
    assert "passed got worse in: c000, c001" in printed
    assert "null agent 0.200, gold agent 1.000" in printed
    assert "1 of 20 pairs (1 of 20 cases) passed or not" in printed
    shown = next(line.split() for line in printed.splitlines() if line.startswith("tool_calls_f1"))
    assert shown[1:3] == ["0.900", "0.800"]


def test_a_deterministic_suite_is_told_of_exact(warrant: Warrant, tmp_path: Path) -> None:
    put(tmp_path, "a", run(same(20, [1, 1])))
    put(tmp_path, "b", run({**same(20, [1, 1]), "c000": [0, 0]}))
    assert "--exact" in warrant("a", "b").stdout
    assert warrant("a", "b", "--exact").stdout.startswith("Regression.")


DETERMINISTIC, TOLERANT = {"deterministic": True}, {"max_drop": 0.001}


@pytest.mark.parametrize(
    ("gates", "options", "code"),
    [
        ((DETERMINISTIC, DETERMINISTIC), (), 1),
        ((DETERMINISTIC, {}), (), 1),
        (({}, DETERMINISTIC), (), 0),
        ((DETERMINISTIC, None), (), 0),
        ((None, DETERMINISTIC), (), 0),
        ((DETERMINISTIC, DETERMINISTIC), ("--no-exact",), 0),
        ((DETERMINISTIC, DETERMINISTIC), ("--max-drop", "0.5"), 0),
        ((TOLERANT, {}), (), 3),
        ((TOLERANT, {}), ("--no-exact",), 0),
        ((TOLERANT, {}), ("--exact",), 1),
    ],
)
def test_the_suites_gate_decides_unless_an_option_does(
    gates: tuple[object, object], options: tuple[str, ...], code: int, warrant: Warrant, tmp_path: Path
) -> None:
    put(tmp_path, "base", run(same(20, [1]), gate=gates[0]))
    put(tmp_path, "new", run({**same(20, [1]), "c000": [0]}, gate=gates[1]))
    found = warrant("base", "new", *options)
    assert found.exit_code == code, found.output
    assert ("The suite asks for" in found.stderr) == (not options and code != 0)


def test_json_is_one_document_without_infinities(warrant: Warrant, tmp_path: Path) -> None:
    put(tmp_path, "one", run({"a": [1]}))
    put(tmp_path, "other", run({"a": [0]}))
    found = json.loads(warrant("one", "other", "--json").stdout, parse_constant=pytest.fail)
    assert (found["decision"], found["metrics"][0]["interval"]) == ("cannot_tell", [None, None])


def test_a_line_that_was_cut_off_is_left_out_and_a_damaged_one_is_named(
    warrant: Warrant, tmp_path: Path
) -> None:
    put(tmp_path, "good", run(same(6, [1])))
    trials = put(tmp_path, "cut", run(same(6, [1]))) / TRIALS
    trials.write_bytes(trials.read_bytes() + b'{"case": "c0')
    assert warrant("good", "cut").exit_code == 0
    trials.write_bytes(b"{}\n" + trials.read_bytes())
    with pytest.raises(UsageError, match=r"trials\.jsonl:1"):
        warrant("good", "cut")


@pytest.mark.parametrize(
    "options", [["--alpha", "0.5"], ["--metric", "nix"], ["--exact", "--max-drop", "0.1"]]
)
def test_what_makes_no_sense_is_refused(options: list[str], warrant: Warrant, tmp_path: Path) -> None:
    put(tmp_path, "good", run(same(6, [1])))
    with pytest.raises(UsageError):
        warrant("good", "good", *options)


def test_a_run_that_is_not_there_is_refused_and_a_negative_drop_too(warrant: Warrant) -> None:
    with pytest.raises(UsageError):
        warrant("none", "none")
    assert warrant("none", "none", "--max-drop", "-1").exit_code == 2
