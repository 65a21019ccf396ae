"""The true rate behind what an imperfect judge reports."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from evals.judges.agreement import Estimate
from evals.statistics.kappa import Table

Counts = NDArray[np.int64] | NDArray[np.float64]
Values = NDArray[np.float64]


def corrected(apparent: float, tpr: float, tnr: float) -> float | None:
    """The rate by Rogan and Gladen (1978), within 0 and 1; None where the judge is no better than chance."""
    gain = tpr + tnr - 1
    return None if gain <= 0 else min(1.0, max(0.0, (apparent + tnr - 1) / gain))


def corrected_rate(good: float, n: float, calibration: Table, level: float = 0.95) -> Estimate:
    """The corrected rate of `good` verdicts among `n`, with an interval that covers both samples.

    Undefined verdicts belong in neither number; n is the effective one, which need not be whole, where trials
    of one case belong together. None where a rate is missing or the judge does not beat
    chance.

    Raises:
        ValueError: the counts do not fit each other.
    """
    if not 0 <= good <= n * (1 + 1e-12):
        raise ValueError(f"{good} good verdicts among {n}")
    if not (n and calibration.good and calibration.bad):
        return Estimate(value=None, n=int(n))
    value = corrected(
        good / n, calibration.true_good / calibration.good, calibration.true_bad / calibration.bad
    )
    if value is None:
        return Estimate(value=None, n=int(n))
    sampled = Sampled(
        np.array(good),
        n,
        np.array(calibration.true_good),
        calibration.good,
        np.array(calibration.true_bad),
        calibration.bad,
    )
    low, high = (float(end) for end in interval(sampled, level))
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=int(n))


@dataclass(frozen=True)
class Sampled:
    """Counts of one or of many experiments: good verdicts, and right ones on good and on bad items."""

    good: Counts
    n: float
    right_on_good: Counts
    good_items: int
    right_on_bad: Counts
    bad_items: int


def interval(sampled: Sampled, level: float = 0.95) -> tuple[Values, Values]:
    """The interval of Lang and Reiczigel (2014) for a prevalence, within 0 and 1.

    It adds z² trials to the sample and one success and one failure to each class of the calibration, and
    shifts the centre. The shift and the variance use the estimate cut to 0 and 1, with which coverage near
    the ends is closer to the nominal one (`python -m benchmarks.simulated_judges`).
    """
    z = float(ndtri((1 + level) / 2))
    n, n_good, n_bad = sampled.n + z * z, sampled.good_items + 2, sampled.bad_items + 2
    apparent = (sampled.good + z * z / 2) / n
    tpr, tnr = (sampled.right_on_good + 1) / n_good, (sampled.right_on_bad + 1) / n_bad
    gain = tpr + tnr - 1
    useless = gain <= 0
    gain = np.where(useless, 1.0, gain)
    centre = (apparent + tnr - 1) / gain
    within = np.clip(centre, 0, 1)
    of_tpr, of_tnr = tpr * (1 - tpr) / n_good, tnr * (1 - tnr) / n_bad
    shift = 2 * z * z * (within * of_tpr - (1 - within) * of_tnr)
    variance = apparent * (1 - apparent) / n + within**2 * of_tpr + (1 - within) ** 2 * of_tnr
    reach = z * np.sqrt(variance) / gain
    low, high = np.clip(centre + shift - reach, 0, 1), np.clip(centre + shift + reach, 0, 1)
    return np.where(useless, 0.0, low), np.where(useless, 1.0, high)
