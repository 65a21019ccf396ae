"""The channels of the graph, what each node writes, and the caller's knobs.

Channels hold JSON-plain values, so that a checkpoint can be read without this code; a node builds the typed
views it needs. A key that no channel has is refused by `checked`, since LangGraph would drop it silently.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Annotated, ParamSpec, TypedDict, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field

from state.schema import Json, JsonSchema


def merged(old: dict[str, Json] | None, new: dict[str, Json] | None) -> dict[str, Json]:
    """Reducer of a mapping that parallel steps write: None empties it for a new turn."""
    return {} if new is None else {**(old or {}), **new}


def appended(old: list[Json] | None, new: list[Json] | None) -> list[Json]:
    """Reducer of a list that parallel steps write: None empties it for a new turn."""
    return [] if new is None else [*(old or []), *new]


class AgentInput(TypedDict, total=False):
    """What the caller gives."""

    messages: Annotated[list[AnyMessage], add_messages]
    answer_schema: JsonSchema | None
    """JSON Schema (draft 2020-12) that `answer.data` must satisfy."""


class AgentOutput(TypedDict, total=False):
    """What the caller gets."""

    messages: Annotated[list[AnyMessage], add_messages]
    outcome: str
    answer: dict[str, Json] | None
    violations: list[dict[str, Json]]


class AgentState(AgentInput, total=False):
    """Every channel of the graph."""

    request: str
    stamp: dict[str, Json]
    plan: dict[str, Json] | None
    """The current plan, as it was last proposed."""
    attempts: Annotated[list[dict[str, Json]], appended]
    """Every model reply of this turn that was asked for as JSON, with its violations."""
    rounds: dict[str, int]
    """How often each bounded arrow back was taken: `plan`, `replan`, `answer`."""
    warrants: Annotated[dict[str, Json], merged]
    """Step id → warrant."""
    results: Annotated[dict[str, Json], merged]
    """Step id → result."""
    passages: Annotated[dict[str, Json], merged]
    """Passage id → passage."""
    draft: dict[str, Json] | None
    """The proposed answer before it is verified and released."""
    verdicts: Annotated[list[dict[str, Json]], appended]
    violations: Annotated[list[dict[str, Json]], appended]
    """Every violation of this turn: `{at, path, message}`."""
    usage: dict[str, Json]
    failure: str
    """Why the run cannot go on; empty while it can."""
    outcome: str
    answer: dict[str, Json] | None


class Context(BaseModel):
    """Knobs of one run; what is None comes from the policy file, then the environment, then the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(
        default=None, description="Chat model by name, such as offline or openai:gpt-5-mini-2025-08-07."
    )
    plan_retries: int | None = Field(
        default=None, ge=0, le=10, description="How often a plan with violations goes back."
    )
    answer_retries: int | None = Field(
        default=None, ge=0, le=10, description="How often an answer with violations goes back."
    )
    replans: int | None = Field(
        default=None, ge=0, le=5, description="How often a failed step leads to a new plan."
    )
    passages: int | None = Field(default=None, ge=1, le=100, description="Passages that one search returns.")


Arguments = ParamSpec("Arguments")
Update = TypeVar("Update", bound=Mapping[str, object])


def checked(node: Callable[Arguments, Awaitable[Update]]) -> Callable[Arguments, Awaitable[Update]]:
    """Wrap a node so that a misspelt key in its update fails.

    Raises:
        KeyError: the update has a key that no channel has.
    """
    known = AgentState.__annotations__.keys() | AgentInput.__annotations__.keys()

    @wraps(node)
    async def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Update:
        update = await node(*args, **kwargs)
        if unknown := update.keys() - known:
            raise KeyError(f"{node} wrote to channels that do not exist: {sorted(unknown)}")
        return update

    return run
