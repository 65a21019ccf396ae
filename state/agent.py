"""The channels of the graph, what each node writes, and the caller's knobs.

Channels hold JSON-plain values, so that a checkpoint can be read without this code; a node builds the typed
views it needs. A key that no channel has is refused by `checked`, since LangGraph would drop it silently.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Annotated, NotRequired, TypeVar, cast

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field

# Pydantic draws no JSON Schema of `typing.TypedDict` before Python 3.12, and Studio needs one.
from typing_extensions import TypedDict

from state.schema import Json, JsonSchema
from state.usage import Usage
from state.verdict import Outcome


def merged(old: dict[str, Json] | None, new: dict[str, Json] | None) -> dict[str, Json]:
    """Reducer of a mapping that parallel steps write: None empties it for a new turn."""
    return {} if new is None else {**(old or {}), **new}


def appended(old: list[Json] | None, new: list[Json] | None) -> list[Json]:
    """Reducer of a list that parallel steps write: None empties it for a new turn."""
    return [] if new is None else [*(old or []), *new]


def spent(old: dict[str, Json] | None, new: dict[str, Json] | None) -> dict[str, Json]:
    """Reducer of the usage, to which nodes add what they spent: None empties it for a new turn."""
    before, more = Usage.model_validate(old or {}), Usage.model_validate(new or {})
    return (Usage() if new is None else before + more).model_dump()


class AgentInput(TypedDict, total=False):
    """What the caller gives."""

    messages: Annotated[list[AnyMessage], add_messages]
    answer_schema: Annotated[JsonSchema | None, EphemeralValue]
    """JSON Schema (draft 2020-12) that `answer.data` must satisfy; it holds for this turn only."""


class AgentOutput(TypedDict, total=False):
    """What the caller gets."""

    messages: Annotated[list[AnyMessage], add_messages]
    outcome: Outcome
    reason: str
    answer: dict[str, Json] | None


class Terms(TypedDict):
    """What was agreed for this turn when it began; a resumed run keeps it."""

    model: str
    plan_retries: int
    answer_retries: int
    replans: int
    passages: int
    answer_schema: JsonSchema | None


class Rounds(TypedDict):
    """How often each bounded arrow back was taken in this turn."""

    plan: int
    replan: int
    answer: int


class Ending(TypedDict):
    """Why the run ends here instead of with an answer."""

    outcome: Outcome
    reason: str


class HasRead(TypedDict):
    """A view of a node that uses what the thread has read."""

    read: NotRequired[dict[str, list[str]]]


class Task(HasRead):
    """One step, as it is sent to the nodes that run steps."""

    warrant: dict[str, Json]
    scope: str
    terms: Terms
    usage: dict[str, Json]
    """What the turn has spent so far."""
    share: int
    """How many steps that ask a model run beside each other, which share what is left of the bounds."""


class AgentState(AgentInput, total=False):
    """Every channel of the graph; the comment says which nodes write it."""

    scope: str  # begin
    """Thread and message that asks: within it an effect happens at most once."""
    request: str  # begin
    terms: Terms  # begin
    stamp: dict[str, Json]  # begin
    plan: dict[str, Json] | None  # plan
    tainted: bool  # plan
    """Whether the planner read text that is not the user's own; writes of such a plan need approval."""
    in_view: bool  # schedule, plan
    """Whether the planner asked to see what its steps gave before it plans once more."""
    feedback: list[dict[str, Json]]  # review, schedule, verify
    """Violations that go back to the model; empty when the proposal passed."""
    rounds: Rounds  # review, schedule, verify
    awaiting: dict[str, dict[str, Json]]  # schedule, approve
    """Step id → the warrant that a human has to approve."""
    held: Annotated[dict[str, dict[str, Json]], merged]  # screen, execute, retrieve, release, hold
    """Name → a text about which a human is asked, and what follows either way; see `nodes.hold`."""
    warrants: Annotated[dict[str, Json], merged]  # schedule, approve
    results: Annotated[dict[str, Json], merged]  # schedule, approve, execute, retrieve, think, hold
    read: Annotated[dict[str, list[str]], merged]  # execute, retrieve
    """Source → its labels when this thread read it, in any turn: what the thread says may hold its words."""
    draft: dict[str, Json] | None  # answer
    """The model's proposal for an answer."""
    answer: dict[str, Json] | None  # verify, conclude, release
    attempts: Annotated[list[dict[str, Json]], appended]  # plan, think, answer
    """Every model reply of this turn: `{at, text, violations, model, strategy}`."""
    violations: Annotated[list[dict[str, Json]], appended]  # review, verify
    """Every violation of this turn: `{at, path, message}`."""
    verdicts: Annotated[list[dict[str, Json]], appended]  # screen, execute, retrieve, release
    usage: Annotated[dict[str, Json], spent]  # plan, think, answer
    ending: Ending | None  # any node that ends the run
    outcome: Outcome  # release
    reason: str  # release


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


Node = TypeVar("Node", bound=Callable[..., Awaitable[Mapping[str, object]]])


def checked(node: Node) -> Node:
    """Wrap a node so that a misspelt key in its update fails.

    Raises:
        KeyError: the update has a key that no channel has.
    """
    name = getattr(node, "__name__", type(node).__name__)
    known = AgentState.__annotations__.keys() | AgentInput.__annotations__.keys()

    @wraps(node)
    async def run(*args: object, **kwargs: object) -> Mapping[str, object]:
        update = await node(*args, **kwargs)
        if unknown := update.keys() - known:
            raise KeyError(f"{name} wrote to channels that do not exist: {sorted(unknown)}")
        return update

    return cast(Node, run)
