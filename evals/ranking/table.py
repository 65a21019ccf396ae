"""All systems beside each other: their measures, and what the ranking adds to Reciprocal Rank Fusion."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from evals.ranking.fitting import crossed, fit
from evals.ranking.judged import Judged
from evals.ranking.measures import quality, recall
from evals.statistics.intervals import RESAMPLES, Interval
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import NAMES as FEATURES

System: TypeAlias = Callable[[Judged], Floats]
HIT = "hit@1"


class Row(NamedTuple):
    """One system."""

    name: str
    by_query: dict[str, Floats]
    """nDCG@10, or the first hit where spans are judged, of each query by column."""
    recall: float
    """Within 2,000 characters, where spans are judged."""

    @property
    def of_macro(self) -> list[str]:
        """The columns that the macro mean is over: of documents, without training parts."""
        every = [name for name in self.by_query if not name.endswith("train")]
        return [name for name in every if not name.endswith(HIT)] or every

    @property
    def macro(self) -> float:
        """Mean over collections of nDCG@10."""
        return float(np.mean([self.by_query[name].mean() for name in self.of_macro]))


def column(judged: Judged) -> str:
    """Where a query is reported: SciFact's training part apart."""
    if judged.characters:
        return f"{judged.collection} {HIT}"
    return f"{judged.collection} train" if judged.name.startswith("train_") else judged.collection


def measured(name: str, queries: Sequence[Judged], system: System) -> Row:
    """Measure one system on all queries."""
    found: dict[str, list[float]] = {}
    spans: list[float] = []
    for one in queries:
        scores = system(one)
        found.setdefault(column(one), []).append(quality(one, scores))
        if one.characters:
            spans.append(recall(one, scores))
    return Row(
        name,
        {place: np.array(values) for place, values in found.items()},
        float(np.mean(spans)) if spans else float("nan"),
    )


def by(weights: Floats, beside: float) -> System:
    """A system that ranks by these weights."""
    return lambda judged: judged.mixed(beside) @ weights


def by_fold(weights: Sequence[Floats], beside: float) -> System:
    """A system that ranks each query by the weights of its fold."""
    return lambda judged: judged.mixed(beside) @ weights[judged.fold]


def baselines(queries: Sequence[Judged]) -> Iterator[Row]:
    """What needs no tuning."""
    for name in ("rrf", "fusion"):
        yield measured(name, queries, lambda judged, name=name: judged.baselines[name])  # type: ignore[misc]


def ablations(queries: Sequence[Judged], beside: float) -> Iterator[Row]:
    """Cross-validated, each time without one feature, and without the passages beside."""
    for place, name in enumerate(FEATURES):
        yield measured(f"without {name}", queries, by_fold(crossed(queries, beside, place), beside))
    yield measured("without beside", queries, by_fold(crossed(queries, 0.0), 0.0))


def left_out(queries: Sequence[Judged], beside: float) -> Row:
    """Each collection ranked by weights that were fitted on the others."""
    weights = {
        name: fit([one for one in queries if one.collection != name], beside)
        for name in sorted({one.collection for one in queries})
    }
    return measured(
        "collection left out", queries, lambda judged: judged.mixed(beside) @ weights[judged.collection]
    )


def mean_interval(values: Sequence[Floats], seed: int = 0) -> Interval:
    """Percentile bootstrap (95 %) of the mean over groups of their means, resampling within each."""
    generator = np.random.default_rng(seed)
    drawn = [
        one[generator.integers(0, len(one), (RESAMPLES, len(one)))].mean(axis=1) for one in values if len(one)
    ]
    low, high = np.quantile(np.mean(drawn, axis=0), [0.025, 0.975])
    return Interval(float(low), float(high))


def gain(base: Row, new: Row) -> tuple[float, Interval]:
    """Difference of two macro means, paired by query."""
    pairs = [new.by_query[name] - base.by_query[name] for name in new.of_macro]
    return new.macro - base.macro, mean_interval(pairs)


def markdown(rows: Sequence[Row]) -> str:
    """The table: nDCG@10 unless the column says hit@1; recall within 2,000 characters; the macro mean."""
    places = list(rows[0].by_query)
    head = ["", *places, "recall", "macro"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        values = [*(float(row.by_query[place].mean()) for place in places), row.recall, row.macro]
        lines.append([row.name, *(_digits(value) for value in values)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _digits(value: float) -> str:
    return f"{value:.4f}"
