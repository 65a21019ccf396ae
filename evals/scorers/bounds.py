"""What a run cost, against the bounds of its case."""

from evals.cases.case import Case
from evals.scorers.check import judged, measured
from evals.scores import Score
from evals.trajectory import Trajectory


def spent(trajectory: Trajectory) -> dict[str, float | None]:
    """What the run spent, by the names of `evals.cases.case.Bounds`; None where it is not known."""
    usage = trajectory.usage
    return {
        "cost_usd": usage.cost_usd,
        "seconds": trajectory.seconds,
        "steps": trajectory.steps,
        "model_calls": usage.model_calls,
        "tool_calls": len(trajectory.calls),
        "tokens": usage.input_tokens + usage.output_tokens,
    }


def costs(_case: Case, trajectory: Trajectory) -> list[Score]:
    """Every measure of cost, without a demand; how many calls were made is `calls`."""
    found = spent(trajectory)
    found["calls"] = found.pop("tool_calls")
    return [measured(name, value) for name, value in found.items() if value is not None]


def bounds(case: Case, trajectory: Trajectory) -> list[Score]:
    """Whether the run stayed within its bounds; what is not known is not within them."""
    limits = case.expect.bounds.model_dump(exclude_none=True)
    if not limits:
        return []
    found = spent(trajectory)
    problems = [
        f"{name} is {'not known' if found[name] is None else f'{found[name]:g}'}, at most {limit:g} allowed"
        for name, limit in limits.items()
        if found[name] is None or found[name] > limit
    ]
    return [judged("bounds", problems)]


def retries(_case: Case, trajectory: Trajectory) -> list[Score]:
    """How many violations of a schema or a contract there were on the way."""
    said = "; ".join(f"{one.get('path') or one.get('at')}: {one['message']}" for one in trajectory.violations)
    return [measured("violations", float(len(trajectory.violations)), said)]
