"""Correction of p values where several measures are tested at once."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of Holm (1979): the chance of any false alarm among them stays below alpha."""
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    return [float(value) for value in np.minimum(adjusted, 1)]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of Benjamini and Hochberg (1995): the share of false ones among the alarms."""
    return [float(value) for value in stats.false_discovery_control(p_values)] if len(p_values) else []
