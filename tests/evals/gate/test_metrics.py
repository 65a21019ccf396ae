import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gate.metrics import auc, bootstrapped, calibration_error, recall_at, share, threshold_at

SCORES = st.lists(st.integers(0, 20), min_size=1, max_size=60).map(lambda found: np.array(found) / 20)


@given(SCORES, SCORES)
def test_auc_is_the_share_of_pairs_in_order(attacks: np.ndarray, benign: np.ndarray) -> None:
    pairs = [(one > other) + 0.5 * (one == other) for one in attacks for other in benign]
    assert auc(attacks, benign) == pytest.approx(np.mean(pairs))


@given(SCORES, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_the_threshold_keeps_the_rate_and_no_smaller_score_does(benign: np.ndarray, rate: float) -> None:
    threshold = threshold_at(benign, rate)
    assert share(benign, threshold) <= rate + 1e-9
    lower = benign[benign < threshold].max()
    assert share(benign, lower) > rate - 1e-9


def test_recall_at_a_rate_of_false_alarms() -> None:
    benign = np.arange(100) / 100
    assert recall_at(np.array([0.5, 0.985, 0.995, 1.0]), benign, 0.01) == 0.75


def test_calibration_error_is_the_gap_between_said_and_seen() -> None:
    said = np.full(1000, 0.7)
    assert calibration_error(said, np.arange(1000) < 700) == pytest.approx(0, abs=1e-9)
    assert calibration_error(said, np.arange(1000) < 200) == pytest.approx(0.5)


def test_an_interval_holds_its_value() -> None:
    rng = np.random.default_rng(0)
    found = bootstrapped(rng.normal(2, 1, 200), rng.normal(0, 1, 200), auc)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.1
