"""Measures of a suite's run: the value of each trial, by case."""

from collections.abc import Iterable
from statistics import fmean
from typing import TypeAlias

from evals.suites.results import Trial

PASSED = "passed"
OF_TRIALS = (PASSED, "cost_usd", "tokens", "seconds")
"""Measures that every trial has; the others are its scores."""
LOWER_IS_BETTER = frozenset({"cost_usd", "tokens", "seconds", "steps", "model_calls", "calls", "violations"})
"""What the scorers `costs` and `retries` give."""
Values: TypeAlias = dict[str, dict[int, float]]
"""Case → trial → value; what is undefined is left out."""


def names(trials: Iterable[Trial]) -> list[str]:
    """The measures that these trials have, `passed` first."""
    found = {score.name for trial in trials for score in trial.scores}
    return [*OF_TRIALS, *sorted(found.difference(OF_TRIALS))]


def values(trials: Iterable[Trial], name: str) -> Values:
    """What a measure is in each finished trial; a trial lost to the infrastructure has no value."""
    found: Values = {}
    for trial in trials:
        if trial.status == "done" and (value := measured(trial, name)) is not None:
            found.setdefault(trial.case, {})[trial.trial] = value
    return found


def measured(trial: Trial, name: str) -> float | None:
    """A measure of one trial: a score's value, or whether it met its demand where it has no value."""
    if name in OF_TRIALS:
        return _of_trial(trial, name)
    scores = [score for score in trial.scores if score.name == name]
    found = [score.passed if score.value is None else score.value for score in scores]
    defined = [float(value) for value in found if value is not None]
    return fmean(defined) if defined else None


def _of_trial(trial: Trial, name: str) -> float | None:
    match name:
        case "passed":
            return None if trial.passed is None else float(trial.passed)
        case "seconds":
            return trial.seconds
        case "tokens":
            return float(trial.usage.input_tokens + trial.usage.output_tokens)
        case _:
            return trial.usage.cost_usd
