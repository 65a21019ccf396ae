"""The figures of a report, and what its page holds."""

import json
import re
from pathlib import Path

import pytest

from evals.report.figures import figures, model_of
from evals.report.page import page
from evals.report.source import recorded
from evals.report.waterfall import bars
from state.errors import UsageError
from state.trace import HIDDEN, Run
from tests.evals.report.recorded_runs import HOSTILE, record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "golden-1", cases=12, trials=3)


def embedded(drawn: str) -> dict[str, object]:
    found = re.search(r'id="data">(.*?)</script>', drawn, re.DOTALL)
    assert found
    read: dict[str, object] = json.loads(found[1])
    return read


def test_figures_count_infrastructure_errors_apart(folder: Path) -> None:
    (run,) = recorded([str(folder)], folder)
    found = figures(run.info, run.trials)
    done = [trial for trial in run.trials if trial.status == "done"]
    assert (found["trials"], found["infrastructure_errors"], len(done)) == (36, 1, 35)
    assert found["passed"] == sum(bool(trial.passed) for trial in done)
    rate = found["pass_rate"]
    assert rate["value"] == pytest.approx(found["passed"] / 35)
    assert 0 <= rate["low"] < rate["value"] < rate["high"] <= 1
    assert found["pass_hat"]["3"]["undefined"] == 1, "never imputed for the case with too few trials"
    assert found["scores"]["recall"]["mean"] is None, "undefined is not 0"
    assert not found["scores"]["judge"]["gates"]
    assert found["tags"]["multi-step"]["cases"] == 4
    failed = 35 - found["passed"]
    assert found["labels"] == {"wrong_argument": failed, "unexpected_write": failed}
    assert found["spent"]["cost_usd"] == pytest.approx(35 * 0.0021)
    json.dumps(found, allow_nan=False)


def test_a_run_of_nothing_and_of_one_case_has_figures(tmp_path: Path) -> None:
    one = record(tmp_path / "one", cases=1, trials=1)
    none = record(tmp_path / "none", cases=0)
    for run in recorded([str(one), str(none)], tmp_path):
        json.dumps(figures(run.info, run.trials), allow_nan=False)
    assert embedded(page(recorded([str(one), str(none)], tmp_path)))["runs"]


def test_runs_stand_oldest_first_and_are_found_by_id(tmp_path: Path) -> None:
    for version in (1, 2):
        record(tmp_path / "evals" / f"run-{version}", version=version, cases=1)
    assert [run.info.id for run in recorded(["run-2", "run-1"], tmp_path)] == ["run-1", "run-2"]
    with pytest.raises(UsageError, match="twice"):
        recorded(["run-1", "run-1"], tmp_path)
    with pytest.raises(UsageError, match="no run"):
        recorded(["run-3"], tmp_path)


def test_a_damaged_trace_is_named_by_its_line(folder: Path) -> None:
    traces = folder / "traces.jsonl"
    traces.write_text("{}\n" + traces.read_text())
    with pytest.raises(UsageError, match=r"traces\.jsonl:1: "):
        page(recorded([str(folder)], folder), "all")


def test_the_page_holds_the_traces_that_were_asked_for_and_names_no_other_place(folder: Path) -> None:
    runs = recorded([str(folder)], folder)
    none, failed, every = (page(runs, which) for which in ("none", "failed", "all"))
    assert len(none) < len(failed) < len(every)
    assert HOSTILE not in every
    assert every.count("</script>") == 3, "nothing of a trace ends a script"
    assert not re.findall(r'(?:src|href)="[^#"]', every)
    assert "default-src 'none'" in every
    assert "unsafe-inline" not in every


@pytest.mark.parametrize(
    ("stamp", "name"),
    [
        ({}, ""),
        ({"model": "offline"}, "offline"),
        ({"models": ["a", "b"]}, "a, b"),
        ({"models": {"plan": "a", "answer": "a"}}, "a"),
    ],
)
def test_the_model_is_named_however_the_stamp_says_it(stamp: dict[str, object], name: str) -> None:
    assert model_of(stamp) == name


def test_what_hangs_below_a_hidden_run_moves_up_and_long_values_are_cut(folder: Path) -> None:
    lines = (folder / "traces.jsonl").read_text().splitlines()
    runs = [Run.model_validate_json(line) for line in lines][:7]
    runs[1] = runs[1].model_copy(update={"tags": [HIDDEN]})
    drawn = bars(runs)
    assert [(bar["name"], bar["depth"]) for bar in drawn][:2] == [("agent", 0), ("offline", 1)]
    assert min(bar["start"] for bar in drawn) == 0
    assert all(len(bar["inputs"]) < 21_000 for bar in drawn)
    assert bars([]) == []
    killed = runs[0].model_copy(update={"end_time": None})
    assert bars([killed, *runs[2:]])[0]["took"] > 0
