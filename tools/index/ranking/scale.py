"""Scores of one query on a scale that is the same for every query."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def spread(values: NDArray[np.floating]) -> Floats:
    """From 0 for the lowest to 1 for the highest; 0 where all are equal."""
    wide = values.astype(np.float64)
    low, high = wide.min(initial=np.inf), wide.max(initial=-np.inf)
    return (wide - low) / (high - low) if high - low > 1e-9 else np.zeros(len(wide))


def shares(values: NDArray[np.floating]) -> Floats:
    """Of the highest value, from -1 to 1; 0 where none is above 0."""
    highest = float(values.max(initial=0.0))
    if highest <= 1e-9:
        return np.zeros(len(values))
    return np.maximum(values.astype(np.float64) / highest, -1.0)
