"""What a comparison of two runs of a suite found."""

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evals.statistics.gate import Decision

Range: TypeAlias = tuple[float, float]


class Found(BaseModel):
    """A part of a comparison; an infinite end of an interval is null in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Found):
    """What decides."""

    metrics: tuple[str, ...] = ("passed",)
    """Measures that decide; the others are shown."""
    max_drop: float | None = Field(default=None, ge=0)
    """How much worse a measure may be, in its own units; None asks only that no drop is significant."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance of a false alarm, over all measures that decide."""
    exact: bool = False
    """For suites that give the same in every trial: any case that got worse is a regression."""
    max_infrastructure: float = Field(default=0.05, ge=0, le=1)
    """Share of trials that may be lost to the infrastructure."""


class Pairs(Found):
    """Trials of either version that bear the same number, and what became of them."""

    lost: int
    gained: int
    p: float
    """Exact McNemar test, two-sided; it takes the pairs of one case for independent."""


class Metric(Found):
    """One measure in both versions, on the cases that both have."""

    name: str
    gates: bool
    lower_is_better: bool
    base: float
    """The mean over cases of the mean over trials."""
    new: float
    difference: float
    """new - base."""
    level: float
    interval: Range
    """Of the difference, Student's t over cases."""
    bootstrap: Range
    """The same, resampling cases."""
    p: float
    """One-sided for getting worse: sign flips of the differences by case."""
    p_corrected: float
    """By Holm among the measures that decide, by Benjamini and Hochberg among the others."""
    detectable: float
    """The drop that is found with 80 % power, from the spread of the differences."""
    cases_needed: int | None
    """Cases that `max_drop` would need for it."""
    cases: int
    worse: tuple[str, ...]
    better: tuple[str, ...]
    pairs: Pairs | None
    """For a measure that is 0 or 1."""
    decision: Decision | None
    """None for a measure that does not decide."""
    reason: str


class Repeats(Found):
    """How many repeats of a case differ within one version."""

    cases: int
    of_cases: int
    pairs: int
    of_pairs: int


class Version(Found):
    """One of the two runs."""

    id: str
    finished: bool
    trials: int
    infrastructure_errors: int
    passed_differ: Repeats
    answers_differ: Repeats
    controls: dict[str, float | None]
    """Scores of the agents that do nothing and that do what is expected."""


class Label(Found):
    """A failure label and the trials that have it, on the cases that both versions have."""

    name: str
    base: int
    new: int


class Comparison(Found):
    """Two runs, case by case."""

    decision: Decision
    reasons: tuple[str, ...]
    """Why it cannot tell, beside what the measures say."""
    options: Options
    base: Version
    new: Version
    cases: int
    """Cases that were compared."""
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    changed: tuple[str, ...]
    """Cases whose content differs between the two datasets; they are not compared."""
    lost: tuple[str, ...]
    """Cases that lost all trials of a version to the infrastructure."""
    stamp: tuple[str, ...]
    """Parts of the stamp that differ."""
    metrics: tuple[Metric, ...]
    labels: tuple[Label, ...]
