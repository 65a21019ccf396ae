"""Running suites: what is scored, what is kept, and what a crash or the infrastructure loses."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.cases.case import Case
from evals.suites.folder import TRACES, TRIALS, read_run, sole_writer
from evals.suites.local import LocalAgent
from evals.suites.results import RunInfo, Trial
from evals.suites.runner import Job, run
from evals.suites.scoring import scoring_of
from evals.suites.suite import Suite
from evals.trajectory import Effect
from state.errors import UsageError
from state.trace import Run
from tests.evals.suites import graphs

MODULE = "tests.evals.suites.graphs"
EFFECTS: dict[str, Effect] = {"write_down": "write"}


def case(id_: str, asked: str | None = None, **more: Any) -> Case:
    return Case.model_validate({"id": id_, "input": asked or id_, **more})


def played(
    folder: Path, *cases: Case, graph: str = "uncompiled", **suite: Any
) -> tuple[RunInfo, list[Trial]]:
    chosen = Suite(name="tiny", dataset=Path("x"), graph=f"{MODULE}:{graph}", effects=EFFECTS, **suite)
    agent = LocalAgent(chosen.graph, chosen.seconds, chosen.effects)
    told: list[tuple[int, int]] = []
    run(
        Job(chosen, cases, agent, scoring_of(chosen, agent)),
        folder,
        lambda _, done, total: told.append((done, total)),
    )
    assert told[-1] == (told[-1][1], told[-1][1])
    return read_run(folder)


@pytest.mark.parametrize("graph", ["uncompiled", "compiled"])
def test_every_trial_of_every_case_is_scored_and_traced(tmp_path: Path, graph: str) -> None:
    said = {"answer": {"contains": ["you asked"]}}
    info, trials = played(
        tmp_path,
        case("a", expect=said),
        case("b", expect={"answer": {"contains": ["goodbye"]}}, tags=["sad"]),
        graph=graph,
        trials=3,
    )
    assert [(one.case, one.trial, one.passed) for one in trials] == [
        *(("a", n, True) for n in range(3)),
        *(("b", n, False) for n in range(3)),
    ]
    assert all(one.labels == (("wrong_answer",) if one.case == "b" else ()) for one in trials)
    assert trials[3].tags == ("sad",)
    runs = [Run.model_validate_json(line) for line in (tmp_path / TRACES).read_bytes().splitlines()]
    assert {one.trace_id for one in trials} == {one.trace_id for one in runs}
    assert info.finished is not None
    assert info.controls["null_passed"] == 0


def test_goal_completion_is_by_the_writes_that_took_effect(tmp_path: Path) -> None:
    wanted = {"calls": [{"tool": "write_down", "args": {"text": "tea"}}]}
    info, trials = played(
        tmp_path, case("done", "write tea", expect=wanted), case("other", "write coffee", expect=wanted)
    )
    goal = {t.case: s.value for t in trials for s in t.scores if s.name == "goal_completion"}
    assert goal == {"done": 1.0, "other": 0.0}
    assert info.controls == {"null": 0.0, "gold": 1.0, "null_passed": 0.0}
    assert trials[1].labels[:2] == ("expected_write_missing", "unexpected_write")


def test_interrupts_are_answered_as_the_case_says(tmp_path: Path) -> None:
    expected = {"answer": {"equals": "You said yes."}}
    _, trials = played(
        tmp_path,
        case("answered", "approve", resume=["yes"], expect=expected),
        case("left", "approve", expect={"outcome": "needs_input"}),
    )
    assert [one.passed for one in trials] == [True, True]


def test_a_graph_that_raises_has_failed_and_the_infrastructure_has_not_scored(tmp_path: Path) -> None:
    _, trials = played(tmp_path, case("raise"), case("unreachable"), case("missing"), case("fine"))
    found = {one.case: (one.status, one.passed) for one in trials}
    assert found == {
        "raise": ("done", False),
        "missing": ("done", False),
        "unreachable": ("infrastructure_error", None),
        "fine": ("done", True),
    }
    [lost] = [one for one in trials if one.status != "done"]
    assert "no model" in str(lost.error)
    assert (lost.scores, lost.labels) == ((), ())


def test_a_trial_that_takes_too_long_has_failed(tmp_path: Path) -> None:
    _, [trial] = played(tmp_path, case("a"), graph="hanging", seconds=0.2)
    assert (trial.status, trial.passed, trial.labels) == ("done", False, ("not_ended",))


def test_a_resumed_run_does_what_is_missing_and_what_the_infrastructure_lost(tmp_path: Path) -> None:
    cases = case("a"), case("b"), case("unreachable")
    _, before = played(tmp_path, *cases, concurrency=1)
    with (tmp_path / TRIALS).open("rb+") as file:  # as a killed process leaves it
        lines = file.readlines()
        file.seek(0)
        file.truncate()
        file.write(lines[0] + lines[2] + lines[1][:-20])
    assert [one.case for one in read_run(tmp_path)[1]] == ["a", "unreachable"]
    _, after = played(tmp_path, *cases, concurrency=1)
    assert [one.case for one in after] == ["a", "b", "unreachable"]
    assert after[0] == before[0]
    assert after[1].trace_id != before[1].trace_id
    assert len((tmp_path / TRIALS).read_bytes().splitlines()) == 4


@pytest.mark.parametrize("change", ["dataset", "graph", "suite"])
def test_a_folder_is_not_gone_on_with_by_another_version(tmp_path: Path, change: str) -> None:
    played(tmp_path, case("a"))
    cases, more = [case("a")], {}
    match change:
        case "dataset":
            cases = [case("a", "something else")]
        case "graph":
            more = {"graph": "compiled"}
        case _:
            with pytest.raises(UsageError, match="another suite"):
                info = json.loads((tmp_path / "run.json").read_text()) | {"suite": "other"}
                (tmp_path / "run.json").write_text(json.dumps(info))
                played(tmp_path, *cases)
            return
    with pytest.raises(UsageError, match="holds a run of another"):
        played(tmp_path, *cases, **more)


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    # flock belongs to the open file, so that a second opening in this process is as another process.
    with sole_writer(tmp_path), pytest.raises(UsageError, match="another process"):
        played(tmp_path, case("a"))
    played(tmp_path, case("a"))


def test_a_damaged_line_in_the_middle_is_said(tmp_path: Path) -> None:
    played(tmp_path, case("a"), case("b"), concurrency=1)
    lines = (tmp_path / TRIALS).read_bytes().splitlines(keepends=True)
    (tmp_path / TRIALS).write_bytes(b'{"case": 1}\n' + lines[1])
    with pytest.raises(UsageError, match=r"trials\.jsonl:1: /case"):
        read_run(tmp_path)


def test_a_scorer_of_ones_own(tmp_path: Path) -> None:
    _, [trial] = played(tmp_path / "own", case("a"), scorers=[f"{MODULE}:polite"])
    assert [(one.name, one.passed) for one in trial.scores] == [("polite", False)]
    with pytest.raises(UsageError, match=r"broken raised ZeroDivisionError\(\) on case a"):
        played(tmp_path / "broken", case("a"), scorers=[f"{MODULE}:broken"])


@pytest.mark.parametrize("graph", ["nothing", "answer", "KILLED"])
def test_what_is_no_graph_is_said(tmp_path: Path, graph: str) -> None:
    assert hasattr(graphs, graph) is (graph != "nothing")
    with pytest.raises(UsageError, match="Name"):
        played(tmp_path, case("a"), graph=graph)
