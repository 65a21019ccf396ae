"""The figures on the encoder's card."""

import numpy as np
import pytest

from evals.gate.encoder_measures import auc, calibrated, measured, recall
from evals.gate.rows import Row


def row(number: int, label: int, source: str) -> Row:
    return Row(str(number), "text", label, "x", source, "MIT", "tool", "en", "")


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([2.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(3.5 / 4)
    assert auc(np.array([0.0, 0.0]), np.array([0.0])) == pytest.approx(0.5)


def test_recall_lets_at_most_the_rate_of_clean_texts_pass() -> None:
    clean = np.arange(100.0)
    assert recall(np.array([98.5, 99.5, 97.0, 100.0]), clean, 0.01) == pytest.approx(0.75)
    assert recall(np.array([98.5, 99.5, 97.0, 100.0]), clean, 0.0) == pytest.approx(0.5)
    assert recall(np.array([1.0]), np.array([1.0, 1.0]), 0.01) == 0


def test_each_attacked_source_stands_against_all_clean_texts() -> None:
    rows = [row(0, 1, "a"), row(1, 1, "b"), row(2, 0, "a"), row(3, 0, "c")]
    found = measured(rows, np.array([3.0, 1.0, 0.0, 2.0]))
    assert {name: each["auc"] for name, each in found.items()} == {"all": 0.75, "a": 1.0, "b": 0.5}
    assert found["a"]["clean"] == 2


def test_calibration_finds_the_odds_that_labels_were_drawn_by() -> None:
    random = np.random.default_rng(1)
    odds = random.normal(0, 2, 40_000)
    labels = (random.random(40_000) < 1 / (1 + np.exp(-(0.5 * odds + 0.1)))).astype(np.int64)
    slope, offset = calibrated(labels, odds)
    assert slope == pytest.approx(0.5, abs=0.03)
    # The classes weigh the same, so the offset is that of even chances.
    assert offset == pytest.approx(0.1 - np.log(labels.mean() / (1 - labels.mean())), abs=0.06)
