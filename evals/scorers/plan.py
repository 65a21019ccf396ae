"""Plan adherence: whether the agent did what it had planned, and only that."""

from collections import Counter
from collections.abc import Mapping

from evals.cases.case import Case
from evals.scorers.check import measured
from evals.scores import Score
from evals.trajectory import Trajectory
from state.plan import THINKING


def plan_adherence(_case: Case, trajectory: Trajectory) -> list[Score]:
    """F1 of the executed calls against the steps of the last plan, compared by tool.

    A step in a `for_each` covers all calls of its tool; one with `when` may be left out; steps that a model
    without tools does are no calls.
    """
    if not isinstance(trajectory.plan, Mapping):
        return []
    steps = [step for step in trajectory.plan.get("steps") or () if step["tool"] not in THINKING]
    called = Counter(call.tool for call in trajectory.calls)
    for step in steps:
        if step.get("for_each") is not None:
            called[step["tool"]] = min(called[step["tool"]], 1)
    due = Counter(step["tool"] for step in steps if step.get("when") is None)
    may = Counter(step["tool"] for step in steps)
    unplanned, missing = called - may, due - called
    done = (called & may).total()
    wanted = done + missing.total()
    if not called and not wanted:
        return []
    precision = done / called.total() if called else 1.0
    recall = done / wanted if wanted else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    said = [f"not planned: {_listed(unplanned)}"] if unplanned else []
    said += [f"planned and not called: {_listed(missing)}"] if missing else []
    return [measured("plan_adherence", f1, "; ".join(said))]


def _listed(tools: Counter[str]) -> str:
    return ", ".join(f"{tool} × {count}" if count > 1 else tool for tool, count in sorted(tools.items()))
