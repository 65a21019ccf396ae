"""The figures of a suite's run: what the tables and `--json` show."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from evals.report.estimates import Estimate, mean, pass_hat, quantile, share
from evals.suites.judge_rates import judge_rates
from evals.suites.measures import LOWER_IS_BETTER
from evals.suites.results import RunInfo, Trial
from state.canonical import digest
from state.schema import Json

Value = TypeVar("Value")
Figures = dict[str, Json]


def figures(info: RunInfo, trials: Sequence[Trial]) -> Figures:
    """Everything that can be said of a run in numbers, as JSON; infrastructure errors are counted apart."""
    done = [trial for trial in trials if trial.status == "done"]
    return {
        "run": info.id,
        "suite": info.suite,
        "dataset": info.dataset,
        "graph": info.graph,
        "model": model_of(info.stamp),
        "stamp": digest(info.stamp),
        "started": info.started.isoformat(timespec="seconds"),
        "finished": info.finished.isoformat(timespec="seconds") if info.finished else None,
        "trials_per_case": info.trials,
        "cases": len({trial.case for trial in trials}),
        "trials": len(trials),
        "infrastructure_errors": len(trials) - len(done),
        "passed": sum(bool(trial.passed) for trial in done),
        "pass_rate": _plain(share(_by_case(done, _passed))),
        "pass_hat": {str(k): found._asdict() for k, found in pass_hat(_by_case(done, _passed)).items()},
        "controls": dict(info.controls),
        "scores": _scores(info, done),
        "tags": _tags(done),
        "labels": dict(Counter(label for trial in done for label in trial.labels).most_common()),
        "spent": _spent(done),
    }


def model_of(stamp: dict[str, Json]) -> str:
    """Names of the models in a stamp, whatever it calls them."""
    named = stamp.get("models") or stamp.get("model")
    if isinstance(named, dict):
        return ", ".join(dict.fromkeys(str(each) for each in named.values()))
    if isinstance(named, list):
        return ", ".join(map(str, named))
    return str(named or "")


def _passed(trial: Trial) -> bool | None:
    return trial.passed


def _by_case(trials: Iterable[Trial], measure: Callable[[Trial], Value | None]) -> dict[str, list[Value]]:
    """Case → a measure of each of its trials, those aside for which it is not defined."""
    found: dict[str, list[Value]] = {}
    for trial in trials:
        value = measure(trial)
        if value is not None:
            found.setdefault(trial.case, []).append(value)
    return found


def _plain(estimate: Estimate | None) -> dict[str, Json] | None:
    return None if estimate is None else estimate._asdict()


def _scores(info: RunInfo, done: Sequence[Trial]) -> dict[str, Json]:
    """Name → mean with interval, share that passed, whether it gates; of a judge, its rate corrected too."""
    judges = judge_rates(info, done)
    names = dict.fromkeys(score.name for trial in done for score in trial.scores)
    values: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    demands: dict[str, list[bool]] = {name: [] for name in names}
    gates = dict.fromkeys(names, False)
    for trial in done:
        for score in trial.scores:
            if score.value is not None:
                values[score.name].setdefault(trial.case, []).append(score.value)
            if score.passed is not None:
                demands[score.name].append(score.passed)
                gates[score.name] |= score.gates
    return {
        name: {
            "mean": _plain(_estimated(name, values[name])),
            "passed": sum(demands[name]),
            "demanded": len(demands[name]),
            "gates": gates[name],
            "judge": judges[name].model_dump(mode="json") if name in judges else None,
        }
        for name in names
    }


def _estimated(name: str, values: dict[str, list[float]]) -> Estimate | None:
    """A rate gets the interval of a rate, a cost does not, even where nothing was spent."""
    ones = all(value in {0.0, 1.0} for trials in values.values() for value in trials)
    rate = ones and name not in LOWER_IS_BETTER
    return share(values) if rate else mean(values)


def _tags(done: Sequence[Trial]) -> dict[str, Json]:
    tags = sorted({tag for trial in done for tag in trial.tags})
    return {tag: _plain(share(_by_case(_tagged(done, tag), _passed))) for tag in tags}


def _tagged(trials: Iterable[Trial], tag: str) -> list[Trial]:
    return [trial for trial in trials if tag in trial.tags]


def _spent(done: Sequence[Trial]) -> dict[str, Any]:
    seconds = [trial.seconds for trial in done if trial.seconds is not None]
    tokens = [float(trial.usage.input_tokens + trial.usage.output_tokens) for trial in done]
    costs = [trial.usage.cost_usd for trial in done if trial.usage.cost_usd is not None]
    return {
        "cost_usd": sum(costs) if len(costs) == len(done) else None,
        "cost_unknown": len(done) - len(costs),
        "input_tokens": sum(trial.usage.input_tokens for trial in done),
        "output_tokens": sum(trial.usage.output_tokens for trial in done),
        "model_calls": sum(trial.usage.model_calls for trial in done),
        "tokens_p50": quantile(tokens, 0.5),
        "tokens_p95": quantile(tokens, 0.95),
        "seconds_p50": quantile(seconds, 0.5),
        "seconds_p95": quantile(seconds, 0.95),
        "cost_p50": quantile(costs, 0.5),
        "cost_p95": quantile(costs, 0.95),
    }
