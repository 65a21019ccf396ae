"""Compare two runs of a suite, always case by case, and decide whether the new one is worse."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from evals.statistics.gate import Decision, Drop, Ruling, decide
from evals.statistics.intervals import Interval
from evals.statistics.multiple import benjamini_hochberg, holm
from evals.statistics.paired import Paired, mcnemar
from evals.statistics.paired import compare as compare_paired
from evals.statistics.power import Plan, cases_needed, detectable
from evals.statistics.repeats import differing
from evals.suites.comparison import Comparison, Label, Metric, Options, Pairs, Repeats, Version
from evals.suites.measures import LOWER_IS_BETTER, Values, names, values
from evals.suites.results import RunInfo, Trial
from state.errors import UsageError

DEFAULT = Options()


@dataclass(frozen=True)
class Run:
    """A run and its trials."""

    info: RunInfo
    trials: Sequence[Trial]

    @property
    def cases(self) -> set[str]:
        """Cases with at least one trial, whatever became of it."""
        return {trial.case for trial in self.trials}

    @property
    def scored(self) -> set[str]:
        """Cases with at least one trial that the infrastructure let finish."""
        return {trial.case for trial in self.trials if trial.status == "done"}

    def of(self, cases: Collection[str]) -> "Run":
        """Only the trials of these cases."""
        return Run(self.info, [trial for trial in self.trials if trial.case in cases])

    @property
    def errors(self) -> int:
        """Trials that the infrastructure lost."""
        return sum(trial.status == "infrastructure_error" for trial in self.trials)


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


def compare(base: Run, new: Run, options: Options = DEFAULT) -> Comparison:
    """Compare two runs on the cases that both have.

    Raises:
        UsageError: a measure that is to decide is in neither run.
    """
    _check(base, new, options)
    changed = _changed(base.info, new.info)
    shared = (base.scored & new.scored) - changed
    both = base.of(shared), new.of(shared)
    metrics = _metrics(*both, options)
    lost = ((base.cases & new.cases) - changed) - shared
    reasons = _doubts(base, new, options, metrics, lost)
    return Comparison(
        decision=_decision(metrics, reasons, options),
        reasons=tuple(reasons),
        options=options,
        base=_version(base),
        new=_version(new),
        cases=len(shared),
        only_base=tuple(sorted(base.cases - new.cases)),
        only_new=tuple(sorted(new.cases - base.cases)),
        changed=tuple(sorted(changed)),
        lost=tuple(sorted(lost)),
        stamp=_differing_stamp(base.info, new.info),
        metrics=tuple(metrics),
        labels=_labels(*both),
    )


def _check(base: Run, new: Run, options: Options) -> None:
    known = names([*base.trials, *new.trials])
    for name in options.metrics:
        if name not in known:
            raise UsageError(f"Neither run has a measure {name!r}.", f"They have: {', '.join(known)}.")
    if options.exact and options.max_drop is not None:
        raise UsageError("--exact allows no drop at all.", "Give --exact or --max-drop, not both.")


def _changed(base: RunInfo, new: RunInfo) -> set[str]:
    both = base.cases.keys() & new.cases.keys()
    return {case for case in both if base.cases[case] != new.cases[case]}


def _metrics(base: Run, new: Run, options: Options) -> list[Metric]:
    gating = [_difference(name, base, new, options) for name in dict.fromkeys(options.metrics)]
    others = [
        _difference(name, base, new, options)
        for name in names([*base.trials, *new.trials])
        if name not in options.metrics
    ]
    deciding = [each for each in gating if each]
    shown = [each for each in others if each and (each.paired.base or each.paired.new)]
    return [
        *_corrected(deciding, holm, options, gates=True),
        *_corrected(shown, benjamini_hochberg, options, gates=False),
    ]


def _difference(name: str, base: Run, new: Run, options: Options) -> Difference | None:
    """None where no case has the measure in both versions."""
    before, after = values(base.trials, name), values(new.trials, name)
    cases = tuple(sorted(before.keys() & after.keys()))
    if not cases:
        return None
    paired = compare_paired(
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


def _doubts(
    base: Run, new: Run, options: Options, metrics: Sequence[Metric], lost: Collection[str]
) -> list[str]:
    """Why the comparison cannot tell, whatever the measures say."""
    found = []
    decided = {metric.name for metric in metrics if metric.gates}
    for name in options.metrics:
        if name not in decided:
            found.append(f"no case has {name} in both runs")
    for name, run in (("base", base), ("new", new)):
        share = run.errors / len(run.trials) if run.trials else 0.0
        if share > options.max_infrastructure:
            found.append(f"the infrastructure lost {share:.0%} of the trials of {name}")
    if base.info.dataset == new.info.dataset and (missing := len(base.cases - new.cases)):
        found.append(f"the new run has not played {missing} cases of the same dataset")
    if options.exact and lost:
        found.append(f"the infrastructure lost every trial of {len(lost)} cases")
    return found


def _decision(metrics: Sequence[Metric], reasons: Sequence[str], options: Options) -> Decision:
    """Doubts outweigh a significant drop, which they may have made; a case that got worse is a fact."""
    found = {metric.decision for metric in metrics if metric.gates}
    if Decision.REGRESSION in found and (options.exact or not reasons):
        return Decision.REGRESSION
    if reasons or Decision.CANNOT_TELL in found:
        return Decision.CANNOT_TELL
    return Decision.NO_REGRESSION


def _version(run: Run) -> Version:
    outcomes: dict[str, list[bool | None]] = {}
    answers: dict[str, list[str]] = {}
    for trial in run.trials:
        if trial.status == "done":
            outcomes.setdefault(trial.case, []).append(trial.passed)
            answers.setdefault(trial.case, []).append(trial.answer)
    return Version(
        id=run.info.id,
        finished=run.info.finished is not None,
        trials=len(run.trials),
        infrastructure_errors=run.errors,
        passed_differ=Repeats(**differing(outcomes.values())._asdict()),
        answers_differ=Repeats(**differing(answers.values())._asdict()),
        controls=run.info.controls,
    )


def _labels(base: Run, new: Run) -> tuple[Label, ...]:
    before, after = (
        Counter(label for trial in run.trials for label in set(trial.labels)) for run in (base, new)
    )
    every = sorted({*before, *after}, key=lambda name: (before[name] - after[name], name))
    return tuple(Label(name=name, base=before[name], new=after[name]) for name in every)


def _differing_stamp(base: RunInfo, new: RunInfo) -> tuple[str, ...]:
    every = sorted({*base.stamp, *new.stamp})
    return tuple(name for name in every if base.stamp.get(name) != new.stamp.get(name))
