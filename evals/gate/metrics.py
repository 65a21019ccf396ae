"""What a detector's scores are worth: ranking, recall at few false alarms, calibration, with intervals."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Scores: TypeAlias = NDArray[np.floating]


class Interval(NamedTuple):
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def auc(attacks: Scores, benign: Scores) -> float:
    """How often an attack scores above a benign text, ties counting half (Mann-Whitney)."""
    if not (len(attacks) and len(benign)):
        return float("nan")
    ranks = rankdata(np.concatenate([attacks, benign]))[: len(attacks)].sum()
    return float((ranks - len(attacks) * (len(attacks) + 1) / 2) / (len(attacks) * len(benign)))


def threshold_at(benign: Scores, false_alarms: float) -> float:
    """The smallest score from which at most this share of the benign texts is refused."""
    allowed = int(np.floor(false_alarms * len(benign) + 1e-9))
    return float(np.nextafter(np.sort(benign)[len(benign) - allowed - 1], np.inf))


def recall_at(attacks: Scores, benign: Scores, false_alarms: float) -> float:
    """Share of the attacks from that threshold on."""
    if not (len(attacks) and len(benign)):
        return float("nan")
    return share(attacks, threshold_at(benign, false_alarms))


def share(scores: Scores, threshold: float) -> float:
    """How many of the scores reach the threshold."""
    return float((scores >= threshold).mean()) if len(scores) else float("nan")


def calibration_error(probabilities: Scores, attacks: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Guo et al. 2017)."""
    places = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    gap = np.bincount(places, probabilities - attacks, minlength=bins)
    return float(np.abs(gap).sum() / len(probabilities))


def bootstrapped(
    attacks: Scores,
    benign: Scores,
    measure: Callable[[Scores, Scores], float],
    draws: int = 200,
    seed: int = 3,
) -> Interval:
    """The measure with the 2.5th and 97.5th percentile over texts drawn anew."""
    random = np.random.default_rng(seed)
    found = [
        measure(random.choice(attacks, len(attacks)), random.choice(benign, len(benign)))
        for _ in range(draws)
    ]
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(measure(attacks, benign), float(low), float(high))
