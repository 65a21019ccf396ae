"""A measurement in figures: each measure's mean with its interval, times, sizes."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from evals.retrieval.results import Header, Measured
from evals.statistics.intervals import bootstrap_values


class Figure(BaseModel):
    """A mean over queries."""

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float
    """Of the 95 % bootstrap interval, by query."""
    high: float


class Times(BaseModel):
    """Milliseconds of a query."""

    model_config = ConfigDict(frozen=True)

    p50: float
    p95: float


class Summary(BaseModel):
    """What is printed of a measurement."""

    model_config = ConfigDict(frozen=True)

    header: Header
    queries: int
    metrics: dict[str, Figure]
    documents_per_query: float
    """How many different ones were ranked, in the mean: recall at 100 cannot see more."""
    unjudged_at_10: float
    """Share of the first ten documents that nobody judged, in the mean."""
    embedding_ms: Times | None = None
    search_ms: Times | None = None
    """Without the embedding."""
    search_cpu_ms: Times | None = None
    total_ms: Times | None = None


def summary(found: Measured) -> Summary:
    """Sum a measurement up."""
    asked = found.queries
    names = list(asked[0].metrics)
    return Summary(
        header=found.header,
        queries=len(asked),
        metrics={name: figure([one.metrics[name] for one in asked]) for name in names},
        documents_per_query=float(np.mean([len(one.documents) for one in asked])),
        unjudged_at_10=1 - float(np.mean([one.judged_at_10 for one in asked])),
        embedding_ms=_times([one.embedding_ms for one in asked]),
        search_ms=_times([one.search_ms for one in asked]),
        search_cpu_ms=_times([one.search_cpu_ms for one in asked]),
        total_ms=_times([_sum(one.embedding_ms, one.search_ms) for one in asked]),
    )


def figure(values: Sequence[float]) -> Figure:
    """The mean with its interval."""
    interval, _ = bootstrap_values(values)
    return Figure(mean=float(np.mean(values)), low=interval.low, high=interval.high)


def _times(values: Sequence[float | None]) -> Times | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    p50, p95 = np.percentile(known, [50, 95])
    return Times(p50=float(p50), p95=float(p95))


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
