import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from models.gate.promise import held, needed, rank, threshold
from state.errors import UsageError


@pytest.mark.parametrize(
    ("false_alarms", "confidence", "texts"), [(0.01, 0.95, 299), (0.05, 0.95, 59), (0.001, 0.95, 2995)]
)
def test_how_many_benign_texts_a_promise_takes(false_alarms: float, confidence: float, texts: int) -> None:
    assert needed(false_alarms, confidence) == texts


@given(st.integers(1, 800), st.sampled_from([0.01, 0.02, 0.05, 0.2, 0.5]), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_rank_is_the_smallest_that_keeps_the_promise(
    texts: int, false_alarms: float, confidence: float
) -> None:
    exceeds = binom.sf(np.arange(1, texts + 1) - 1, texts, 1 - false_alarms)
    kept = np.flatnonzero(exceeds <= 1 - confidence + 1e-12)
    if texts < needed(false_alarms, confidence):
        assert not len(kept)
    else:
        assert rank(texts, false_alarms, confidence) == kept[0] + 1
        assert held(texts, false_alarms, confidence) == pytest.approx(1 - exceeds[kept[0]])


def test_too_few_texts_are_refused_and_the_missing_ones_counted() -> None:
    with pytest.raises(UsageError, match="takes 299 benign texts; 99 are missing") as refused:
        threshold(np.linspace(0, 0.5, 200), 0.01, 0.95)
    assert "Add 99 benign texts" in refused.value.way_out


def test_with_the_fewest_texts_all_of_them_stay_below_the_threshold() -> None:
    scores = np.linspace(0, 0.9, 299)
    assert not (scores >= threshold(scores, 0.01, 0.95)).any()
    assert threshold(scores, 0.01, 0.95) == pytest.approx(0.9)


def test_equal_scores_all_stay_below_the_threshold() -> None:
    scores = np.array([0.1] * 1000 + [0.7] * 500)
    assert threshold(scores, 0.3, 0.95) > 0.7


def test_a_score_that_is_none_is_refused() -> None:
    for wrong in (float("nan"), 1.5, -0.1):
        with pytest.raises(UsageError, match="not between 0 and 1"):
            threshold([0.1] * 299 + [wrong], 0.01, 0.95)


def test_no_promise_is_made_where_too_many_texts_have_the_highest_score() -> None:
    with pytest.raises(UsageError, match="no threshold keeps the promise"):
        threshold([1.0] * 300, 0.01, 0.95)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, 2.0])
def test_rates_and_confidences_are_shares(wrong: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        needed(wrong, 0.95)
    with pytest.raises(UsageError, match="between 0 and 1"):
        needed(0.01, wrong)
