"""Each measure in both versions: its difference with how sure it is, and the ruling where it decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.statistics.gate import Decision, Drop, Ruling, decide
from evals.statistics.intervals import Interval
from evals.statistics.multiple import benjamini_hochberg, holm
from evals.statistics.paired import Paired, compare, mcnemar
from evals.statistics.power import Plan, cases_needed, detectable
from evals.suites.comparison import Metric, Options, Pairs
from evals.suites.measures import LOWER_IS_BETTER, Values, names, values
from evals.suites.results import Trial


@dataclass(frozen=True)
class Difference:
    """One measure in both versions."""

    name: str
    cases: tuple[str, ...]
    base: Values
    new: Values
    paired: Paired

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return -1 if self.name in LOWER_IS_BETTER else 1

    def moved(self, direction: int) -> tuple[str, ...]:
        """Cases whose mean got better (1) or worse (-1)."""
        changes = zip(self.cases, self.paired.by_case, strict=True)
        return tuple(case for case, change in changes if change * self.sign * direction > 0)

    def pairs(self) -> Pairs | None:
        """Discordant pairs, for a measure that is 0 or 1."""
        both = [
            (self.base[case][trial], self.new[case][trial])
            for case in self.cases
            for trial in self.base[case].keys() & self.new[case].keys()
        ]
        if any(value not in (0, 1) for pair in both for value in pair):
            return None
        found = mcnemar([bool(before) for before, _ in both], [bool(now) for _, now in both])
        return Pairs(lost=found.lost, gained=found.gained, p=found.p)


def metrics_of(base: Sequence[Trial], new: Sequence[Trial], options: Options) -> list[Metric]:
    """Every measure that both have, those that decide first; p values are corrected within either group."""
    gating = [_difference(name, base, new, options) for name in dict.fromkeys(options.metrics)]
    others = [
        _difference(name, base, new, options) for name in names([*base, *new]) if name not in options.metrics
    ]
    deciding = [each for each in gating if each]
    shown = [each for each in others if each and (each.paired.base or each.paired.new)]
    return [
        *_corrected(deciding, holm, options, gates=True),
        *_corrected(shown, benjamini_hochberg, options, gates=False),
    ]


def _difference(
    name: str, base: Sequence[Trial], new: Sequence[Trial], options: Options
) -> Difference | None:
    """None where no case has the measure in both versions."""
    before, after = values(base, name), values(new, name)
    cases = tuple(sorted(before.keys() & after.keys()))
    if not cases:
        return None
    paired = compare(
        [_in_order(before[case]) for case in cases],
        [_in_order(after[case]) for case in cases],
        alternative="greater" if name in LOWER_IS_BETTER else "less",
        level=1 - 2 * options.alpha,
    )
    return Difference(name, cases, before, after, paired)


def _in_order(trials: dict[int, float]) -> list[float]:
    return [trials[number] for number in sorted(trials)]


def _corrected(
    found: Sequence[Difference],
    correct: Callable[[Sequence[float]], list[float]],
    options: Options,
    *,
    gates: bool,
) -> list[Metric]:
    corrected = correct([each.paired.p for each in found])
    return [
        _metric(each, p, options, gates=gates, measures=len(found) if gates else 1)
        for each, p in zip(found, corrected, strict=True)
    ]


def _metric(found: Difference, p: float, options: Options, *, gates: bool, measures: int) -> Metric:
    paired, worse = found.paired, found.moved(-1)
    plan = Plan(alpha=options.alpha / measures, sides=1)
    reach = detectable(paired.se, plan)
    ruling = _ruled(found, p, reach, options, measures) if gates else Ruling(Decision.NO_REGRESSION, "")
    return Metric(
        name=found.name,
        gates=gates,
        lower_is_better=found.sign < 0,
        base=paired.base,
        new=paired.new,
        difference=paired.difference,
        level=paired.level,
        interval=paired.interval,
        bootstrap=paired.bootstrap,
        p=paired.p,
        p_corrected=p,
        detectable=reach,
        cases_needed=cases_needed(paired.se * paired.cases**0.5, options.max_drop or 0, plan),
        cases=paired.cases,
        worse=worse,
        better=found.moved(1),
        pairs=found.pairs(),
        decision=ruling.decision if gates else None,
        reason=ruling.reason,
    )


def _ruled(found: Difference, p: float, reach: float, options: Options, measures: int) -> Ruling:
    worse, paired = found.moved(-1), found.paired
    if options.exact:
        decision = Decision.REGRESSION if worse else Decision.NO_REGRESSION
        return Ruling(decision, f"{len(worse)} of {paired.cases} cases got worse")
    low, high = sorted(-found.sign * end for end in paired.interval)
    drop = Drop(
        size=-found.sign * paired.difference,
        p=p,
        interval=Interval(low, high),
        detectable=reach,
        cases=paired.cases,
        changed=sum(change != 0 for change in paired.by_case),
    )
    return decide(drop, alpha=options.alpha, max_drop=options.max_drop, measures=measures)
