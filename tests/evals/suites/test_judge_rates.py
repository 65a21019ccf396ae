"""The rates of a run's judges: as they give them, corrected, and with what is not known left out."""

from typing import Any

import pytest

from app.eval_summary import shown
from evals.judges.correction import corrected_rate
from evals.report.figures import figures
from evals.scores import Score
from evals.statistics.kappa import Table
from evals.suites.judge_rates import JudgeRate, judge_rates
from evals.suites.results import RunInfo, Trial
from evals.suites.summary import summary
from tests.evals.suites.recorded import AT

TABLE = Table(88, 12, 25, 75)


def recorded(verdicts: list[list[bool | None]], **known: Any) -> tuple[RunInfo, list[Trial]]:
    """A run whose cases were judged like this, trial by trial."""
    judge = {"score": "judge_faithful", "model": "m", "rubric": "r", "gates": False, "trust": "Advisory."}
    info = RunInfo.model_validate(
        {
            "id": "run",
            "suite": "s",
            "dataset": "sha256:1",
            "stamp": {},
            "graph": "g",
            "trials": 1,
            "started": AT,
            "judges": [{**judge, **known}],
        }
    )
    return info, [
        Trial(case=f"c{at}", trial=number, status="done", passed=True, scores=(_score(good),))
        for at, case in enumerate(verdicts)
        for number, good in enumerate(case)
    ]


def _score(good: bool | None) -> Score:
    value = None if good is None else float(good)
    return Score(name="judge_faithful", value=value, passed=good, gates=False)


def rate(verdicts: list[list[bool | None]], **known: Any) -> JudgeRate:
    return judge_rates(*recorded(verdicts, **known))["judge_faithful"]


def test_with_a_calibration_the_rate_is_corrected() -> None:
    found = rate([[True]] * 103 + [[False]] * 97 + [[None]] * 5, calibration=TABLE)
    assert (found.apparent.value, found.apparent.n, found.undefined) == (0.515, 200, 5)
    assert found.corrected == corrected_rate(103, 200, TABLE)
    assert found.corrected.value == pytest.approx(0.4206, abs=1e-4)


def test_repeats_that_all_agree_say_no_more_than_one_of_them() -> None:
    once = rate([[True]] * 10 + [[False]] * 10, calibration=TABLE)
    thrice = rate([[True] * 3] * 10 + [[False] * 3] * 10, calibration=TABLE)
    assert thrice.apparent.n == 60
    assert once.corrected is not None and thrice.corrected is not None
    assert (thrice.corrected.low, thrice.corrected.high) == pytest.approx(
        (once.corrected.low, once.corrected.high)
    )
    assert (thrice.apparent.low, thrice.apparent.high) == pytest.approx(
        (once.apparent.low, once.apparent.high)
    )


def test_without_a_calibration_or_a_verdict_nothing_is_made_up() -> None:
    assert rate([[True], [False]]).corrected is None
    found = rate([[None], [None]], calibration=TABLE)
    assert (found.apparent.value, found.corrected, found.undefined) == (None, None, 2)
    useless = rate([[True], [False]], calibration=Table(5, 5, 5, 5)).corrected
    assert useless is not None and useless.value is None


def test_summary_and_report_say_both_rates_and_that_the_judge_advises() -> None:
    info, trials = recorded([[True]] * 103 + [[False]] * 97 + [[None]], calibration=TABLE)
    text = shown(summary(info, trials, "folder"))
    assert "judge_faithful: 51.5% (44.6% to 58.3%) of 200 trials; corrected 42.1% (" in text
    assert "1 without a verdict\n  Advisory.\n" in text
    entry: Any = figures(info, trials)["scores"]
    judge = entry["judge_faithful"]["judge"]
    assert (judge["gates"], judge["trust"], judge["undefined"]) == (False, "Advisory.", 1)
    assert judge["corrected"]["low"] < 0.42 < judge["corrected"]["high"]
    assert "undefined of 0 trials" in shown(summary(*recorded([[None]]), "folder"))
