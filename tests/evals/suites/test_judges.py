"""Judges in a suite: asked over HTTP beside the scorers, trusted if calibrated, never in the way."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evals.cases.case import Case
from evals.judges.agreement import kappa_estimate, rate
from evals.judges.calibration import Artefact, Bound
from evals.judges.judge import named_judge
from evals.judges.rubric import load
from evals.statistics.kappa import Table
from evals.suites.folder import read_run
from evals.suites.judges import VOTES, judges_of
from evals.suites.results import RunInfo, Trial
from evals.suites.runner import Job, run
from evals.suites.scoring import scoring_of
from evals.suites.suite import Suite, load_suite
from models.chat import ModelError
from state.errors import UsageError
from state.models_policy import ModelsPolicy
from state.settings import Settings
from state.usage import Usage
from tests.evals.judges.conftest import Sections, says, sections
from tests.evals.suites.talker import Talker
from tests.servers.openai_server import Behaviour, OpenAIServer, fails

CASES = [Case(id=f"c{number}", input="?") for number in range(6)]
TABLE = Table(95, 5, 3, 97)


def wise(seen: Sections) -> Behaviour:
    """Right about everything; an answer that is down takes the model down."""
    if "down" in seen["answer"]:
        return fails(400)
    return says("pass" if "good" in seen["answer"] else "fail")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(choose=lambda body: wise(sections(body))) as running:
        yield running


def calibrated(server: OpenAIServer, path: Path, *, age_days: float = 1) -> None:
    judge = named_judge(f"{server.url}#judge", load("helpful"), ModelsPolicy(), Settings())
    artefact = Artefact(
        created=datetime.now(UTC) - timedelta(days=age_days),
        bound=Bound(
            model=judge.model,
            model_name=judge.chat.name,
            rubric=judge.rubric.digest,
            rubric_name=judge.rubric.name,
            data="sha256:1",
        ),
        n=sum(TABLE),
        prevalence=0.5,
        undefined={},
        table=TABLE,
        kappa=kappa_estimate(TABLE),
        tpr=rate(TABLE.true_good, TABLE.good),
        tnr=rate(TABLE.true_bad, TABLE.bad),
        repeats=1,
        usage=Usage(),
    )
    path.write_text(artefact.model_dump_json(), encoding="utf-8")


def suite(server: OpenAIServer, folder: Path, more: str = "") -> Suite:
    text = f"""name = "s"
dataset = "unused"
[[judges]]
rubric = "helpful"
model = "{server.url}#judge"
{more}"""
    (folder / "suite.toml").write_text(text, encoding="utf-8")
    return load_suite(folder)


def judged(chosen: Suite, folder: Path, said: str) -> tuple[RunInfo, list[Trial]]:
    agent = Talker(lambda case: f"{said} {case.id}")
    scoring = scoring_of(chosen, agent, judges_of(chosen, folder, Settings()))
    run(Job(chosen, CASES, agent, scoring), folder, lambda *_: None)
    return read_run(folder)


def the_score(trial: Trial) -> tuple[float | None, bool | None, bool]:
    (score,) = [score for score in trial.scores if score.name == "judge_helpful"]
    return score.value, score.passed, score.gates


def test_without_a_calibration_a_judge_only_advises(server: OpenAIServer, tmp_path: Path) -> None:
    info, trials = judged(suite(server, tmp_path), tmp_path / "run", "bad")
    assert {the_score(trial) for trial in trials} == {(0.0, False, False)}
    assert all(trial.passed for trial in trials)
    assert "no calibration" in info.judges[0].trust
    assert all("no calibration" in trial.scores[-1].reason for trial in trials)


def test_with_a_fresh_calibration_it_fails_what_is_bad(server: OpenAIServer, tmp_path: Path) -> None:
    calibrated(server, tmp_path / "helpful.json")
    chosen = suite(server, tmp_path, 'calibration = "helpful.json"')
    info, trials = judged(chosen, tmp_path / "run", "bad")
    assert {the_score(trial) for trial in trials} == {(0.0, False, True)}
    assert not any(trial.passed for trial in trials)
    assert info.judges[0].gates
    assert info.judges[0].calibration == TABLE
    assert all(trial.passed for trial in judged(chosen, tmp_path / "other", "good")[1])


@pytest.mark.parametrize(
    ("setting", "why"), [("", "not of the last 90 days"), ("max_age_days = 200\nlevel = 0.99", "above 0.99")]
)
def test_a_stale_or_a_weak_calibration_still_corrects_but_does_not_gate(
    setting: str, why: str, server: OpenAIServer, tmp_path: Path
) -> None:
    calibrated(server, tmp_path / "helpful.json", age_days=100)
    chosen = suite(server, tmp_path, f'calibration = "helpful.json"\n{setting}')
    info, trials = judged(chosen, tmp_path / "run", "bad")
    assert all(trial.passed for trial in trials)
    assert why in info.judges[0].trust
    assert info.judges[0].calibration is not None


def test_a_calibration_of_another_model_says_nothing(server: OpenAIServer, tmp_path: Path) -> None:
    calibrated(server, tmp_path / "helpful.json")
    chosen = suite(server, tmp_path, 'calibration = "helpful.json"')
    other = chosen.judges[0].model_copy(update={"model": f"{server.url}#other"})
    info, _ = judged(chosen.model_copy(update={"judges": (other,)}), tmp_path / "run", "bad")
    assert (info.judges[0].gates, info.judges[0].calibration) == (False, None)


def test_a_judge_that_cannot_be_asked_fails_no_trial(server: OpenAIServer, tmp_path: Path) -> None:
    calibrated(server, tmp_path / "helpful.json")
    chosen = suite(server, tmp_path, 'calibration = "helpful.json"')
    _, trials = judged(chosen, tmp_path / "run", "down")
    assert {the_score(trial) for trial in trials} == {(None, None, True)}
    assert all(trial.passed for trial in trials)


def test_what_is_beyond_its_bound_is_not_asked(server: OpenAIServer, tmp_path: Path) -> None:
    _, trials = judged(suite(server, tmp_path, "max_calls = 2"), tmp_path / "run", "good")
    values = [the_score(trial)[0] for trial in trials]
    assert (values.count(1.0), values.count(None), len(server.requests)) == (2, 4, 2)


def test_votes_are_kept_with_the_run(server: OpenAIServer, tmp_path: Path) -> None:
    chosen, folder = suite(server, tmp_path), tmp_path / "run"
    _, trials = judged(chosen, folder, "good")
    asked = len(server.requests)
    assert len((folder / VOTES).read_text().splitlines()) == asked == len(CASES)
    (folder / "trials.jsonl").unlink()
    assert [one.scores for one in judged(chosen, folder, "good")[1]] == [one.scores for one in trials]
    assert len(server.requests) == asked


def test_a_run_is_not_gone_on_with_by_other_judges(server: OpenAIServer, tmp_path: Path) -> None:
    chosen = suite(server, tmp_path)
    judged(chosen, tmp_path / "run", "good")
    with pytest.raises(UsageError, match="another set of judges"):
        judged(chosen.model_copy(update={"judges": ()}), tmp_path / "run", "good")


def test_what_is_set_up_wrongly_says_so_before_anything_runs(server: OpenAIServer, tmp_path: Path) -> None:
    chosen = suite(server, tmp_path)
    (judge,) = chosen.judges
    for wrong, error, said in (
        ({"rubric": str(tmp_path / "none.md")}, UsageError, "Cannot read the rubric"),
        ({"rubric": "better"}, UsageError, "compares pairs"),
        ({"calibration": tmp_path / "none.json"}, UsageError, "Cannot read the calibration"),
        ({"model": "nonsense"}, ModelError, "no name of a chat model"),
    ):
        with pytest.raises(error, match=said):
            judges_of(
                chosen.model_copy(update={"judges": (judge.model_copy(update=wrong),)}), tmp_path, Settings()
            )
    with pytest.raises(UsageError, match="Two judges"):
        judges_of(chosen.model_copy(update={"judges": (judge, judge)}), tmp_path, Settings())
    assert not server.requests


def test_a_rubric_of_ones_own_lies_beside_the_suite(server: OpenAIServer, tmp_path: Path) -> None:
    rubric = '+++\nname = "polite"\nquestion = "Is it polite?"\nsees = ["answer"]\n+++\n\nRude is bad.\n'
    (tmp_path / "polite.md").write_text(rubric, encoding="utf-8")
    chosen = suite(server, tmp_path)
    text = (tmp_path / "suite.toml").read_text(encoding="utf-8").replace('"helpful"', '"polite.md"')
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    chosen = load_suite(tmp_path)
    assert [one.known.score for one in judges_of(chosen, tmp_path, Settings())] == ["judge_polite"]
    assert json.loads(chosen.model_dump_json())["judges"][0]["rubric"] == str(tmp_path / "polite.md")
