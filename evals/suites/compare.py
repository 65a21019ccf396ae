"""Compare two runs of a suite, always case by case, and decide whether the new one is worse."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evals.statistics.gate import Decision
from evals.statistics.repeats import differing
from evals.suites.comparison import Comparison, Label, Metric, Options, Repeats, Version
from evals.suites.measures import names
from evals.suites.metrics import metrics_of
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


def compare(base: Run, new: Run, options: Options = DEFAULT) -> Comparison:
    """Compare two runs on the cases that both have.

    Raises:
        UsageError: a measure that is to decide is in neither run.
    """
    _check(base, new, options)
    changed = _changed(base.info, new.info)
    shared = (base.scored & new.scored) - changed
    both = base.of(shared), new.of(shared)
    found = metrics_of(both[0].trials, both[1].trials, options)
    lost = ((base.cases & new.cases) - changed) - shared
    reasons = _doubts(base, new, options, found, lost)
    return Comparison(
        decision=_decision(found, reasons, options),
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
        metrics=tuple(found),
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
