"""Thresholds that promise a false-alarm rate, from the scores of benign texts.

The threshold lies just above an order statistic of the scores of texts that the classifier was not trained
on. Which one follows from the binomial distribution alone, whatever the distribution of the scores (Tong,
Feng and Li 2018, Neyman-Pearson classification algorithms and NP receiver operating characteristics).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from state.errors import UsageError


def needed(false_alarms: float, confidence: float) -> int:
    """How many benign texts a promise takes at least: 299 for 1 % at 95 % confidence.

    Raises:
        UsageError: a rate or a confidence outside of 0 to 1.
    """
    _within(false_alarms, confidence)
    return max(1, math.ceil(math.log1p(-confidence) / math.log1p(-false_alarms)))


def threshold(
    scores: Sequence[float] | NDArray[np.floating], false_alarms: float, confidence: float
) -> float:
    """The smallest score to refuse from, so that of all benign texts at most this share is refused.

    It holds with at least this confidence over the draw of the benign texts. Equal scores are all below the
    threshold, or all reach it.

    Raises:
        UsageError: too few texts, a score that is none, or no threshold up to 1 that keeps the promise.
    """
    given = np.sort(np.asarray(scores, dtype=np.float64))
    missing = needed(false_alarms, confidence) - len(given)
    if missing > 0:
        raise UsageError(
            f"A promise of {false_alarms:.1%} false alarms at {confidence:.0%} confidence takes "
            f"{needed(false_alarms, confidence)} benign texts; {missing} are missing.",
            f"Add {missing} benign texts that the classifier was not trained on, or promise less.",
        )
    if not np.all((given >= 0) & (given <= 1)):
        raise UsageError("A score is not between 0 and 1.", "Score the texts anew.")
    above = float(np.nextafter(given[rank(len(given), false_alarms, confidence) - 1], 2.0))
    if above > 1:
        raise UsageError(
            "Too many benign texts have the highest score there is, so that no threshold keeps the promise.",
            "Train on texts like them, or promise less.",
        )
    return above


def held(count: int, false_alarms: float, confidence: float) -> float:
    """With what probability the promise made from so many benign texts holds, if no two scores are equal."""
    return 1.0 - float(_exceeds(count, false_alarms)[rank(count, false_alarms, confidence) - 1])


@lru_cache(maxsize=64)
def rank(count: int, false_alarms: float, confidence: float) -> int:
    """Which of the sorted scores, counted from 1, must stay below the threshold.

    A threshold above the k-th of n scores exceeds the rate with probability P(Binomial(n, 1 - rate) >= k),
    which is the regularised incomplete beta function; the smallest k is taken for which that is rare enough.
    """
    kept = _exceeds(count, false_alarms) <= 1 - confidence + 1e-12
    return int(np.argmax(kept)) + 1


def _exceeds(count: int, false_alarms: float) -> NDArray[np.float64]:
    from scipy.special import betainc

    places = np.arange(1, count + 1)
    return np.asarray(betainc(places, count - places + 1, 1 - false_alarms), dtype=np.float64)


def _within(false_alarms: float, confidence: float) -> None:
    if not (0 < false_alarms < 1 and 0 < confidence < 1):
        raise UsageError(
            f"No promise can be made of {false_alarms} false alarms at {confidence} confidence.",
            "Give both as shares between 0 and 1, such as 0.01 and 0.95.",
        )
