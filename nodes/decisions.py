"""The decisions that an interrupt is resumed with, as LangGraph Studio and agent-chat-ui send them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from state.schema import Json

WAY_OUT = 'Resume with {"decisions": [{"type": "approve"}]}.'


class Action(BaseModel):
    """A call that a human wrote."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    args: dict[str, Json]


class Decision(BaseModel):
    """What a human decided about one call or text."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["approve", "edit", "reject", "respond"]
    message: str = ""
    edited_action: Action | None = None


class _Decisions(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    decisions: list[Decision] = Field(min_length=1)


class UnusableError(Exception):
    """The decisions cannot be followed; the next interrupt says why."""


def read(given: Json, count: int, what: str) -> list[Decision]:
    """One decision for each of so many calls or texts.

    Raises:
        UnusableError: they are not.
    """
    try:
        decisions = _Decisions.model_validate(given).decisions
    except ValidationError as error:
        first = error.errors()[0]
        raise UnusableError(f"{first['msg']} at {list(first['loc'])}") from error
    if len(decisions) != count:
        raise UnusableError(f"{len(decisions)} decisions for {count} {what}")
    return decisions
