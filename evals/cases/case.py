"""A case: an input, and what is expected of the run."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.schema import Json, JsonSchema
from state.verdict import Decision, Outcome, Place

Extra: TypeAlias = Literal["none", "reads", "any"]


class Model(BaseModel):
    """Frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedCall(Model):
    """A call that has to be made."""

    id: str | None = None
    """Name by which other calls say that they come after this one."""
    tool: str = Field(min_length=1)
    args: dict[str, Any] = Field(default_factory=dict)
    """Argument → a value, compared exactly, or a comparator, an object with one key that begins with `$`.

    Comparators may stand inside values too; `docs/cases.md` lists them.
    """
    more_args: bool = False
    """Whether arguments that `args` does not name are allowed."""
    after: tuple[str, ...] = ()
    """Ids of the calls that have to be made before this one."""
    optional: bool = False
    """Whether the call may be left out."""


class ForbiddenCall(Model):
    """A call that must not be made."""

    tool: str = Field(min_length=1)
    args: dict[str, Any] | None = None
    """Which calls of the tool, by the same comparators, other arguments being free; None forbids them all."""


class ExpectedAnswer(Model):
    """What the answer has to be."""

    equals: str | None = None
    contains: tuple[str, ...] = ()
    """Texts that stand in the answer, upper and lower case and white space aside."""
    excludes: tuple[str, ...] = ()
    """Texts that do not."""
    matches: str | None = None
    """A regular expression that is found in the answer."""
    data_schema: JsonSchema | None = None
    """JSON Schema that `answer.data` satisfies."""
    data: Any = None
    """A value or comparators for `answer.data`."""
    claims: tuple[str, ...] = ()
    """Each of these texts stands in a claim that has a citation."""
    cites: tuple[str, ...] = ()
    """Sources that are cited, by the end of their name."""
    abstains: bool | None = None
    """Whether the agent says that it cannot answer."""


class ExpectedVerdict(Model):
    """What a gate has to decide."""

    place: Place
    decision: Decision
    category: str | None = None


class Bounds(Model):
    """What a run may cost."""

    cost_usd: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    """Wall-clock time."""
    steps: int | None = Field(default=None, ge=0)
    model_calls: int | None = Field(default=None, ge=0)
    tool_calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)


class Expectation(Model):
    """What is expected of the run; what is left out is free."""

    calls: tuple[ExpectedCall, ...] | None = None
    """A partial order of calls; an empty list demands that none is made."""
    forbidden: tuple[ForbiddenCall, ...] = ()
    extra: Extra = "none"
    """Calls beside the expected ones that are allowed: none, reads, or any that is not forbidden."""
    extra_tools: tuple[str, ...] = ()
    """Tools that may be called besides, whatever `extra` says."""
    state: Json = None
    """The final state of the environment; with an environment, left out, it is the one after `calls`."""
    outputs: tuple[str, ...] = ()
    """Texts that the agent has to say, in lower case and without commas."""
    answer: ExpectedAnswer | None = None
    outcome: Outcome | None = None
    verdicts: tuple[ExpectedVerdict, ...] = ()
    relevant: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Source or passage id → grade of relevance, for retrieval."""
    spans: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Texts that answer the question, as they stand in its sources, for retrieval."""
    details: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """What a full answer says beside `answer.contains`: numbers, names, conditions."""
    bounds: Bounds = Bounds()


class Case(Model):
    """One case of a dataset: a line of a JSON Lines file."""

    id: str = Field(min_length=1, max_length=200)
    input: Json
    """The question as a text, or the graph's own input as an object."""
    answer_schema: JsonSchema | None = None
    """JSON Schema that the agent is asked to answer by."""
    resume: tuple[Json, ...] = ()
    """What each interrupt is answered with, in order, such as `{"decisions": [{"type": "approve"}]}`."""
    tags: tuple[str, ...] = ()
    expect: Expectation = Expectation()
    source: str | None = None
    """Where the case is from, such as the id of a trace."""
    note: str | None = None
