"""Runs of a suite, made from outcomes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from evals.scores import Score
from evals.suites.compare import Run
from evals.suites.results import RunInfo, Trial

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def trial(case: str, number: int, passed: bool | None, **fields: Any) -> Trial:
    """A finished trial; one whose outcome is None was lost to the infrastructure."""
    if passed is None:
        return Trial(case=case, trial=number, status="infrastructure_error", error="connection reset")
    return Trial(case=case, trial=number, status="done", passed=passed, **fields)


def run(
    outcomes: Mapping[str, Sequence[bool | int | None]],
    name: str = "run",
    f1: float | None = None,
    **info: Any,
) -> Run:
    """A run in which each case had these outcomes."""
    scores = () if f1 is None else (Score(name="tool_calls_f1", value=f1),)
    trials = [
        trial(case, number, None if passed is None else bool(passed), scores=scores)
        if passed is not None
        else trial(case, number, None)
        for case, each in outcomes.items()
        for number, passed in enumerate(each)
    ]
    fields = {
        "suite": "golden",
        "dataset": "sha256:1",
        "stamp": {"prompts": "1"},
        "graph": "graphs.agent:agent",
        "trials": max((len(each) for each in outcomes.values()), default=1),
        "started": AT,
        "finished": AT,
        "controls": {"null": 0.2, "gold": 1.0},
    }
    return Run(RunInfo.model_validate({"id": name, **fields, **info}), trials)


def same(count: int, outcomes: Sequence[bool | int | None]) -> dict[str, Sequence[bool | int | None]]:
    """So many cases with the same outcomes."""
    return {f"c{number:03}": outcomes for number in range(count)}
