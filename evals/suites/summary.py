"""What a run of a suite found, in a few numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import quantiles

from pydantic import BaseModel

from evals.statistics.intervals import bootstrap, clustered
from evals.suites.judge_rates import JudgeRate, judge_rates
from evals.suites.measures import PASSED, values
from evals.suites.results import RunInfo, Trial
from state.usage import Usage

GOAL = "goal_completion"
MEANS = ("relevance", "density", "detail")
"""Of what retrieval brought and the answer made of it; they are no rates and decide nothing."""


class Rate(BaseModel):
    """A share of trials."""

    cases: int
    trials: int
    value: float
    interval: tuple[float, float]
    """95 %, Wilson's on the effective number of trials."""


class Mean(BaseModel):
    """The mean of a measure that lies anywhere between 0 and 1."""

    cases: int
    value: float
    interval: tuple[float, float]
    """95 %, percentile bootstrap over cases."""


class Summary(BaseModel):
    """What `warrant eval run --json` prints."""

    run: RunInfo
    folder: str
    trials: int
    """Those that have a result."""
    infrastructure_errors: int
    """Trials that could not be run; they count nowhere else."""
    passed: Rate | None
    goal_completion: Rate | None
    means: dict[str, Mean]
    """Relevance and density of what was retrieved, detail of the answers: where cases expect any."""
    judges: dict[str, JudgeRate]
    tags: dict[str, Rate]
    labels: dict[str, int]
    """Why trials failed → how many."""
    failed: list[str]
    """Cases of which a trial failed."""
    usage: Usage
    seconds_p50: float | None
    seconds_p95: float | None


def summary(info: RunInfo, trials: Sequence[Trial], folder: str) -> Summary:
    """Sum up a run."""
    done = [trial for trial in trials if trial.status == "done"]
    tags = sorted({tag for trial in done for tag in trial.tags})
    by_tag = {tag: rate(trial for trial in done if tag in trial.tags) for tag in tags}
    seconds = sorted(trial.seconds for trial in done if trial.seconds is not None)
    return Summary(
        run=info,
        folder=folder,
        trials=len(done),
        infrastructure_errors=len(trials) - len(done),
        passed=rate(done),
        goal_completion=rate(done, GOAL),
        means={name: found for name in MEANS if (found := mean(done, name)) is not None},
        judges=judge_rates(info, done),
        tags={tag: found for tag, found in by_tag.items() if found is not None},
        labels=dict(Counter(label for trial in done for label in trial.labels).most_common()),
        failed=sorted({trial.case for trial in done if trial.passed is False}),
        usage=sum((trial.usage for trial in done), Usage()),
        seconds_p50=_percentile(seconds, 50),
        seconds_p95=_percentile(seconds, 95),
    )


def rate(trials: Iterable[Trial], measure: str = PASSED) -> Rate | None:
    """The mean of a measure that is 0 or 1; None if no trial has it."""
    cases = [list(one.values()) for one in values(trials, measure).values()]
    if not cases:
        return None
    found = clustered(cases)
    interval = found.wilson()
    return Rate(
        cases=found.cases, trials=found.trials, value=found.mean, interval=(interval.low, interval.high)
    )


def mean(trials: Iterable[Trial], measure: str) -> Mean | None:
    """The mean of a measure over trials; None if no trial has it."""
    cases = [list(one.values()) for one in values(trials, measure).values()]
    if not cases:
        return None
    interval, _ = bootstrap(cases)
    return Mean(cases=len(cases), value=clustered(cases).mean, interval=(interval.low, interval.high))


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    return quantiles(ordered, n=100, method="inclusive")[percent - 1]
