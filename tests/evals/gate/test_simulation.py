import json

import pytest

from evals.gate.simulation import main, simulated


def test_the_promise_holds_and_plain_conformal_prediction_does_not() -> None:
    for outcome in simulated(draws=4000, traces=300, false_alarms=0.01, confidence=0.95):
        if outcome.method == "order statistic":
            assert outcome.share >= 0.94
        else:
            assert outcome.share < 0.7
            assert outcome.mean <= 0.0105


def test_more_texts_waste_less_of_the_rate() -> None:
    few, *_ = simulated(draws=500, traces=300, false_alarms=0.01, confidence=0.95)
    many, *_ = simulated(draws=500, traces=5000, false_alarms=0.01, confidence=0.95)
    assert few.mean < many.mean < 0.01


def test_the_command_prints_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--draws", "50", "--json"]) == 0
    assert {one["method"] for one in json.loads(capsys.readouterr().out)} == {
        "order statistic",
        "plain conformal",
    }


def test_with_fewer_texts_the_command_refuses_and_counts_the_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--traces", "200"]) == 2
    assert "99 are missing" in capsys.readouterr().err
