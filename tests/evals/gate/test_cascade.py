from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from evals.gate.cascade import Second, both, fitted, staged, unseen
from evals.gate.fitting import Doubles
from evals.gate.metrics import auc
from evals.gate.training import RECIPES, Trained
from models.gate.card import CalibrationCard, CascadeCard, HeadCard
from models.gate.cascade import combined, log_odds
from models.gate.ngrams.model import Head
from state.errors import UsageError


def test_two_stages_that_know_different_things_are_better_than_each() -> None:
    rng = np.random.default_rng(5)
    bad = rng.random(2000) < 0.4
    one, other = (rng.normal(size=2000) + np.where(bad, 1.0, -1.0) for _ in range(2))
    card = fitted("attack", bad, one, other, surface="input")
    assert 0.2 < card.encoder / (card.ngrams + card.encoder) < 0.7
    assert (expit(one[~bad]) >= card.asked).mean() == pytest.approx(0.3, abs=0.01)
    assert card.unasked < 0
    assert fitted("attack", bad, one, other, surface="tool").asked == 0
    both = np.array([combined(card, *pair) for pair in zip(one, other, strict=True)])
    assert auc(both[bad], both[~bad]) > max(auc(each[bad], each[~bad]) for each in (one, other))


def test_an_encoder_that_knows_nothing_more_has_hardly_a_say() -> None:
    rng = np.random.default_rng(5)
    bad = rng.random(2000) < 0.4
    sure = rng.normal(size=2000) + np.where(bad, 3.0, -3.0)
    card = fitted("attack", bad, sure, rng.normal(size=2000), surface="tool")
    assert card.encoder < 0.1 * card.ngrams


def _head(unseen_: Doubles, held: Doubles) -> Trained:
    head = Head(np.zeros(4, dtype=np.float32), 0.0)
    calibration = CalibrationCard(slope=1.0, offset=0.0)
    said = HeadCard(threshold=0.9, action="refuse", calibration=calibration, promise=None)
    judged = ~np.isnan(unseen_)
    return Trained("direct_injection", head, said, judged, unseen_, held)


def test_the_threshold_of_both_stages_keeps_the_promise_on_the_texts_held_back() -> None:
    rng = np.random.default_rng(7)
    bad = np.arange(1200) < 200
    ngrams, encoder = (rng.normal(size=1200) + np.where(bad, 2.0, -2.0) for _ in range(2))
    probabilities = expit(ngrams)
    probabilities[:3], encoder[3:6] = np.nan, np.nan
    held = rng.normal(size=(2, 600)) - 2
    recipe = replace(RECIPES["request"], false_alarms=0.02)
    card, made = staged(recipe, bad, _head(probabilities, expit(held[0])), Second(encoder, held[1]))
    assert np.isnan(made.unseen[:6]).all()
    assert not made.judged[:6].any()
    assert made.judged[6:].all()
    assert (made.held >= made.card.threshold).mean() <= 0.02
    assert (made.unseen[6:][~bad[6:]] >= made.card.threshold).mean() <= 0.02
    assert (made.unseen[6:200] >= made.card.threshold).mean() > (probabilities[6:200] >= 0.9).mean()
    np.testing.assert_allclose(made.held, both(card, expit(held[0]), held[1]))


def test_where_it_is_not_asked_the_encoder_counts_as_its_mean_there() -> None:
    card = CascadeCard(
        category="attack", asked=0.4, ngrams=1.0, encoder=1.0, unasked=-2.0, file="encoder.onnx"
    )
    low, high = both(card, np.array([0.3, 0.5]), np.array([9.0, 9.0]))
    assert low == pytest.approx(combined(card, log_odds(0.3), -2.0))
    assert high == pytest.approx(combined(card, log_odds(0.5), 9.0))


def test_scores_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    scores = tmp_path / "scores.jsonl"
    scores.write_text('{"id": "a", "encoder": 1.5}\n{"id": "b", "encoder": -2}\n', encoding="utf-8")
    assert unseen(scores) == {"a": 1.5, "b": -2}
    for broken in ('{"id": "a"}\n', "no JSON\n", "[]\n"):
        scores.write_text(broken, encoding="utf-8")
        with pytest.raises(UsageError, match="Cannot read"):
            unseen(scores)
    with pytest.raises(UsageError, match="encoder_training"):
        unseen(tmp_path / "none")
