"""Scores: what a scorer says about one run."""

from collections.abc import Callable
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evals.cases.case import Case
from evals.trajectory import Trajectory
from state.schema import Json


class Score(BaseModel):
    """What one scorer says about one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Of the measure, such as `tool_calls_f1`; reports group by it."""
    value: float | None
    """The measure; None where it is undefined for this run, which is never counted as 0."""
    passed: bool | None = None
    """Whether the run meets what the case demands; None for a measure without a demand."""
    gates: bool = True
    """Whether a failed demand fails the trial; not so for an advisory score, as an uncalibrated judge's."""
    reason: str = ""
    """For a human: what was found, call by call where it is about calls."""
    detail: dict[str, Json] = Field(default_factory=dict)
    """The same for a program."""


Scorer: TypeAlias = Callable[[Case, Trajectory], list[Score]]
"""A pure function; it gives nothing where the case demands nothing of its kind."""
