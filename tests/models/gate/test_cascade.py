from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.gate.card import CascadeCard
from models.gate.cascade import Cascade, log_odds
from models.gate.ngrams.features import Shape
from models.gate.ngrams.model import Calibration, Head, NgramModel, Scored

SHAPE = Shape(word_bits=8, char_bits=8, window=40)
TEXT = "A sentence about boats. Another one about trains. A third about planes and their pilots."


def _model() -> NgramModel:
    weights = np.random.default_rng(3).normal(size=SHAPE.columns).astype(np.float32)
    return NgramModel(
        SHAPE, np.ones(SHAPE.columns, dtype=np.float32), {"attack": Head(weights, 0.0, Calibration())}
    )


class Reader:
    """An encoder that knows which word is an attack, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def score(self, windows: Sequence[str]) -> NDArray[np.float32]:
        self.shown += windows
        return np.array([0.9 if "trains" in window else 0.1 for window in windows], dtype=np.float32)


def _card(asked: float, number: int = 64) -> CascadeCard:
    return CascadeCard(category="attack", asked=asked, windows=number, ngrams=0.5, encoder=0.5, unasked=-3)


def test_where_the_n_grams_find_nothing_the_encoder_is_not_asked() -> None:
    reader = Reader()
    model = _model()
    judged, cascade = model.judged(TEXT), Cascade(model, _card(0.2), reader.score)
    low = cascade.refined(judged, Scored(0.1, (0, 5)))
    assert log_odds(low.probability) == pytest.approx(0.5 * log_odds(0.1) - 1.5)
    assert low.span == (0, 5)
    assert not reader.shown


def test_else_the_log_odds_of_both_are_added_and_the_encoders_window_is_the_cause() -> None:
    reader = Reader()
    model = _model()
    refined = Cascade(model, _card(0.2), reader.score).refined(model.judged(TEXT), Scored(0.5, (0, 5)))
    assert log_odds(refined.probability) == pytest.approx(0.5 * log_odds(0.9), abs=1e-5)
    start, end = refined.span
    assert "trains" in TEXT[start:end]


def test_only_the_worst_windows_are_shown() -> None:
    reader = Reader()
    model = _model()
    judged = model.judged(TEXT)
    Cascade(model, _card(0.0, 2), reader.score).refined(judged, Scored(0.5, (0, 5)))
    assert reader.shown == [part.text for part in model.worst(judged, "attack", 64)[:2]]
    margins = [part.margin for part in model.worst(judged, "attack", 64)]
    assert margins == sorted(margins, reverse=True)
    assert model.scores(TEXT)["attack"].probability == pytest.approx(Calibration().probability(margins[0]))


@pytest.mark.parametrize("probability", [0.0, 1.0, 0.5])
def test_log_odds_are_finite(probability: float) -> None:
    assert np.isfinite(log_odds(probability))
