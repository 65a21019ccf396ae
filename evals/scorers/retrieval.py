"""Retrieval: precision, recall, nDCG and reciprocal rank of what a run retrieved."""

import math
from collections.abc import Mapping, Sequence

from evals.cases.case import Case
from evals.scorers.check import measured
from evals.scores import Score
from evals.trajectory import Retrieved, Trajectory


def retrieval(case: Case, trajectory: Trajectory) -> list[Score]:
    """Measures over the run's retrievals, one after the other, each source or passage counted once."""
    if not case.expect.relevant:
        return []
    grades = _grades(case.expect.relevant, trajectory.retrieved)
    relevant = [grade for grade in case.expect.relevant.values() if grade > 0]
    found = sum(grade > 0 for grade in grades)
    return [
        measured("retrieval_precision", found / len(grades) if grades else None),
        measured("retrieval_recall", found / len(relevant) if relevant else None),
        measured("retrieval_ndcg", ndcg(grades, relevant)),
        measured("retrieval_reciprocal_rank", reciprocal_rank(grades)),
    ]


def ndcg(grades: Sequence[int], relevant: Sequence[int]) -> float | None:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) with linear gain.

    Args:
        grades: Of what was retrieved, best rank first.
        relevant: Grades above 0 of everything that is relevant, in any order.
    """
    best = _gain(sorted(relevant, reverse=True)[: max(len(grades), 1)])
    return _gain(grades) / best if best else None


def reciprocal_rank(grades: Sequence[int]) -> float:
    """1 / rank of the first relevant one, 0 where there is none."""
    return next((1 / rank for rank, grade in enumerate(grades, 1) if grade > 0), 0.0)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _grades(relevant: Mapping[str, int], retrieved: Sequence[Retrieved]) -> list[int]:
    """Grade by rank, of passages or, where the case names sources, of sources by the end of their name."""
    grades: dict[str, int] = {}
    for one in retrieved:
        for id_, source in zip(one.ids, one.sources, strict=True):
            name = id_ if id_ in relevant else next((s for s in relevant if source.endswith(s)), source)
            grades.setdefault(name, relevant.get(name, 0))
    return list(grades.values())
