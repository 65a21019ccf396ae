"""Two measurements of one collection, query by query: is the new one worse?"""

from collections.abc import Iterable, Sequence
from functools import partial

from pydantic import BaseModel, ConfigDict

from evals.retrieval.results import Asked, Measured
from evals.statistics.gate import Decision, Drop, Ruling, decide
from evals.statistics.intervals import Interval
from evals.statistics.multiple import benjamini_hochberg, holm
from evals.statistics.paired import Paired
from evals.statistics.paired import compare as paired
from evals.statistics.power import Plan, detectable
from state.errors import UsageError

SAME_COLLECTION = ("queries", "qrels")


class Difference(BaseModel):
    """One measure in both, on the queries that both have."""

    model_config = ConfigDict(frozen=True)

    name: str
    base: float
    new: float
    difference: float
    """new - base."""
    level: float
    interval: tuple[float, float]
    """Of the difference, percentile bootstrap over queries."""
    p: float
    """One-sided for getting worse: sign flips of the differences by query."""
    p_corrected: float
    """By Holm among the measures that decide, by Benjamini and Hochberg among the others."""
    worse: int
    """Queries that lost."""
    better: int
    decision: Decision | None
    """None for a measure that does not decide."""
    reason: str = ""


class Comparison(BaseModel):
    """A new measurement against an earlier one."""

    model_config = ConfigDict(frozen=True)

    base: str
    """The file of the earlier one."""
    decision: Decision
    queries: int
    differs: tuple[str, ...]
    """What else is not the same in the two: corpus, embedding, weights, candidates."""
    metrics: tuple[Difference, ...]


def compare(
    base: Measured,
    new: Measured,
    name: str,
    metrics: Sequence[str] = (),
    *,
    alpha: float = 0.05,
    max_drop: float | None = None,
) -> Comparison:
    """Compare query by query.

    Args:
        base: The earlier measurement.
        new: The later one.
        name: What the earlier one is called.
        metrics: Measures that decide; the first of the collection's if left out.
        alpha: Chance of a false alarm, over all that decide.
        max_drop: How much worse a measure may be; None asks only that no drop is significant.

    Raises:
        UsageError: the two are of different queries, judgements or gains, or there is no such measure.
    """
    _check(base, new, name)
    before = {one.query: one for one in base.queries}
    pairs = [(before[one.query], one) for one in new.queries if one.query in before]
    known = list(new.queries[0].metrics)
    deciding = list(dict.fromkeys(metrics)) or known[:1]
    for one in deciding:
        if one not in known:
            raise UsageError(f"There is no measure {one!r}.", f"There are: {', '.join(known)}.")
    found = {one: _paired(pairs, one, alpha) for one in known}
    others = [one for one in known if one not in deciding]
    corrected = dict(zip(deciding, holm([found[one].p for one in deciding]), strict=True))
    corrected |= zip(others, benjamini_hochberg([found[one].p for one in others]), strict=True)
    rule = partial(decide, alpha=alpha, max_drop=max_drop, measures=len(deciding))
    plan = Plan(alpha=alpha / len(deciding), sides=1)
    rulings = {one: rule(_drop(found[one], corrected[one], plan)) for one in deciding}
    return Comparison(
        base=name,
        decision=_decision(rulings.values()),
        queries=len(pairs),
        differs=_differs(base, new),
        metrics=tuple(_difference(one, found[one], corrected[one], rulings.get(one)) for one in known),
    )


def _check(base: Measured, new: Measured, name: str) -> None:
    for what in SAME_COLLECTION:
        if base.header.digests.get(what) != new.header.digests.get(what):
            raise UsageError(f"{name} was measured with other {what}.", "Measure it anew with these.")
    if base.header.gain != new.header.gain:
        raise UsageError(f"{name} was measured with {base.header.gain} gain.", "Give the same --gain.")


def _differs(base: Measured, new: Measured) -> tuple[str, ...]:
    names = ("system", "embedding", "weights", "passages", "candidates", "reranker")
    found = [one for one in names if getattr(base.header, one) != getattr(new.header, one)]
    corpus = base.header.digests.get("corpus") != new.header.digests.get("corpus")
    return tuple(["corpus"] * corpus + found)


def _paired(pairs: Sequence[tuple[Asked, Asked]], metric: str, alpha: float) -> Paired:
    before = [[one.metrics[metric]] for one, _ in pairs]
    after = [[one.metrics[metric]] for _, one in pairs]
    return paired(before, after, alternative="less", level=1 - 2 * alpha)


def _drop(found: Paired, p: float, plan: Plan) -> Drop:
    low, high = sorted(-end for end in found.bootstrap)
    return Drop(
        size=-found.difference,
        p=p,
        interval=Interval(low, high),
        detectable=detectable(found.se, plan),
        cases=found.cases,
        changed=sum(change != 0 for change in found.by_case),
    )


def _decision(rulings: Iterable[Ruling]) -> Decision:
    found = {ruling.decision for ruling in rulings}
    order = (Decision.REGRESSION, Decision.CANNOT_TELL, Decision.NO_REGRESSION)
    return next(one for one in order if one in found)


def _difference(name: str, found: Paired, p: float, ruling: Ruling | None) -> Difference:
    return Difference(
        name=name,
        base=found.base,
        new=found.new,
        difference=found.difference,
        level=found.level,
        interval=found.bootstrap,
        p=found.p,
        p_corrected=p,
        worse=sum(change < 0 for change in found.by_case),
        better=sum(change > 0 for change in found.by_case),
        decision=ruling.decision if ruling else None,
        reason=ruling.reason if ruling else "",
    )
