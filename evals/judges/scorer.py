"""Judges as scorers of a suite."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from pydantic import ValidationError

from evals.cases.case import Case
from evals.judges.item import Item
from evals.judges.judge import Judge
from evals.judges.trust import Trust
from evals.scores import Score
from evals.trajectory import Trajectory
from models.chat import ModelError
from state.errors import BoundExceededError, UsageError
from state.schema import Json

AsyncScorer: TypeAlias = Callable[[Case, Trajectory], Awaitable[list[Score]]]
"""A scorer that asks others: awaited by whoever runs a suite, and bounded by its own budget."""


def judge_scorer(judge: Judge, trust: Trust) -> AsyncScorer:
    """A scorer `judge_NAME`, which gates only where the judge is trusted.

    A model that cannot be asked, a used-up budget and a run that is no JSON leave the score undefined and
    say so.

    Raises:
        UsageError: the rubric compares two answers, and a trajectory has one.
    """
    if judge.rubric.kind != "binary":
        raise UsageError(
            f"The rubric {judge.rubric.name} compares pairs; a run has one answer.", "Name a binary rubric."
        )
    name = f"judge_{judge.rubric.name}"

    async def score(case: Case, trajectory: Trajectory) -> list[Score]:
        try:
            found = await judge.judge(item_of(case, trajectory))
        except (ModelError, BoundExceededError) as error:
            return [_score(name, trust, None, f"Not judged: {error}")]
        except ValidationError as error:
            problem = error.errors()[0]["msg"].removeprefix("Value error, ")
            return [_score(name, trust, None, f"Not judged: the run {problem}.")]
        said = f"No verdict ({found.undefined}): {found.reason}" if found.good is None else found.reason
        return [_score(name, trust, found.good, said)]

    return score


def item_of(case: Case, trajectory: Trajectory) -> Item:
    """What a judge may be shown of a run; evidence is what was retrieved and what tools gave."""
    outputs: list[Json] = [call.output for call in trajectory.calls if call.error is None]
    passages: list[Json] = [text for one in trajectory.retrieved for text in one.texts]
    calls = [
        {"tool": call.tool, "args": call.args, "output": call.output, "error": call.error}
        for call in trajectory.calls
    ]
    expected = case.expect.answer
    return Item(
        id=case.id,
        input=case.input,
        answer=trajectory.text,
        evidence=passages + outputs,
        calls=calls,
        reference=expected.model_dump(mode="json", exclude_defaults=True) if expected else None,
    )


def _score(name: str, trust: Trust, good: bool | None, said: str) -> Score:
    return Score(
        name=name,
        value=None if good is None else float(good),
        passed=good,
        gates=trust.gates,
        reason=f"{said} {trust.reason}".strip(),
        detail={"trust": trust.reason},
    )
