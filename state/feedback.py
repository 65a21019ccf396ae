"""Feedback: what people and programs think of a trace."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Feedback(BaseModel):
    """One judgement of a trace; a later one by the same source under the same key takes its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    MAX_NAME: ClassVar[int] = 200

    trace_id: str
    key: str = Field(default="score", min_length=1, max_length=MAX_NAME)
    """What was judged, such as `score`, `reward` or `helpful`."""
    source: str = Field(default="human", min_length=1, max_length=MAX_NAME)
    """Who judged: `human`, or the name of the program or file it comes from."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """How good it is, from 0 to 1 unless the key has a scale of its own."""
    comment: str | None = None
    correction: str | None = None
    """What the answer should have been."""
    created: AwareDatetime
