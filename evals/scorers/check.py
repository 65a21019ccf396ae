"""Making scores: of a demand that is met or not, and of a measure."""

from collections.abc import Sequence

from evals.scores import Score


def judged(name: str, problems: Sequence[str]) -> Score:
    """1 where nothing is wrong, 0 with every problem as the reason."""
    return Score(name=name, value=float(not problems), passed=not problems, reason="; ".join(problems))


def measured(name: str, value: float | None, reason: str = "", *, passed: bool | None = None) -> Score:
    """A measure; it makes no demand unless `passed` says whether one is met."""
    return Score(name=name, value=value, passed=passed, reason=reason)
