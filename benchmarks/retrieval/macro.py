"""The mean over collections, and how sure a difference between two systems is in it."""

from collections.abc import Mapping

import numpy as np

from evals.retrieval.results import Measured
from evals.retrieval.summary import Figure
from evals.statistics.intervals import RESAMPLES

ByCollection = Mapping[str, Measured]


def macro(found: ByCollection, metric: str) -> float:
    """Each collection counts the same, however many queries it has."""
    return float(np.mean([np.mean(list(_values(one, metric).values())) for one in found.values()]))


def difference(base: ByCollection, new: ByCollection, metric: str, seed: int = 0) -> Figure:
    """new - base of the macro mean, with a paired percentile bootstrap: queries within each collection."""
    rng = np.random.default_rng(seed)
    means, resampled = [], np.zeros(RESAMPLES)
    for name, measured in new.items():
        before, after = _values(base[name], metric), _values(measured, metric)
        changes = np.array([after[query] - before[query] for query in after])
        means.append(changes.mean())
        chosen = rng.integers(0, len(changes), (RESAMPLES, len(changes)))
        resampled += changes[chosen].mean(axis=1) / len(new)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Figure(mean=float(np.mean(means)), low=float(low), high=float(high))


def _values(found: Measured, metric: str) -> dict[str, float]:
    return {one.query: one.metrics[metric] for one in found.queries}
