"""Plans, the warrants that a reviewed plan earns, and what became of their steps."""

import re
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.canonical import digest_text
from state.expression import expressions
from state.schema import JsonSchema

REFERENCE = re.compile(r"(?P<step>[a-z][a-z0-9_]{0,31})#(?P<pointer>(/([^~/]|~[01])*)*)")
STEP_ID = r"^[a-z][a-z0-9_]{0,31}$"
EXTRACT, COMPOSE = "extract", "compose"
THINKING = frozenset({EXTRACT, COMPOSE})
"""Steps that a model without tools does; no tool may have these names."""


class Step(BaseModel):
    """One step of a plan: a tool call, or an `extract` or `compose` by a model without tools."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=STEP_ID, description="Short name of the step, such as s1.")
    tool: str = Field(
        min_length=1, max_length=128, description="Name of a tool from the list, or extract or compose."
    )
    args: dict[str, Any] = Field(
        default_factory=dict,
        description='Arguments: literals, or expressions such as {"$ref": "s1#/json/pointer"}.',
    )
    after: list[str] = Field(default_factory=list, description="Ids of steps that must be finished before.")
    when: Any = Field(
        default=None, description="A condition; the step is left out if it does not hold. Null: always."
    )
    for_each: Any = Field(
        default=None, description="A list; the step runs once for each element. Null: it runs once."
    )
    at_most: int | None = Field(
        default=None, ge=1, le=100, description="How many elements `for_each` may have; needed with it."
    )
    why: str = Field(default="", max_length=500, description="Why this step is needed.")

    @cached_property
    def data(self) -> frozenset[str]:
        """Ids of the steps whose outputs it uses; '' for a reference that is malformed."""
        return uses(spoken(self), self.when, self.for_each)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Ids of the steps that must be finished before this one."""
        return self.data | set(self.after)


class Plan(BaseModel):
    """The whole plan of one turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: list[Step] = Field(description="All steps, in a readable order; empty if no tool is needed.")
    answer: Any = Field(
        default=None,
        description="The typed answer as an expression, where the request has an answer schema; else null.",
    )
    again: bool = Field(
        default=False,
        description="Whether to plan once more when these steps are done, with their outputs in view.",
    )

    @cached_property
    def digest(self) -> str:
        """What tells two plans apart: their steps as they are written, not how each is justified."""
        return digest_text(self.model_dump_json(include={"steps"}, exclude={"steps": {"__all__": {"why"}}}))


@cache
def plan_schema() -> JsonSchema:
    """JSON Schema of a plan, made once: it takes a millisecond."""
    return Plan.model_json_schema()


def spoken(step: Step) -> dict[str, Any]:
    """The arguments in which expressions are looked for: the schema of an extract is none of ours."""
    if step.tool != EXTRACT or "schema" not in step.args:
        return step.args
    return {**step.args, "schema": {"$literal": step.args["schema"]}}


def uses(*values: object) -> frozenset[str]:
    """Ids of the steps whose outputs stand in the values; '' for a reference that is malformed."""
    found = [one.expression for value in values for one in expressions(value)]
    named = [REFERENCE.fullmatch(str(one.operand)) for one in found if one.operator == "$ref"]
    return frozenset(match["step"] if match else "" for match in named)


class Warrant(BaseModel):
    """A plan step that passed review: exactly this call may be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    """Id of the step; of its round `s1.0`, `s1.1`, … where it has `for_each`."""
    tool: str
    tool_digest: str
    """Digest of the tool's definition as it was reviewed."""
    args: dict[str, Any]
    """The exact arguments, expressions computed."""
    args_digest: str
    plan: str = ""
    """Digest of the plan, without its reasons."""
    occurrence: int = Field(default=0, ge=0)
    """How many earlier rounds of the step have equal arguments; see `tools.effects.effect_key`."""
    approved_by: Literal["policy", "human"]
    origins: dict[str, list[str]] = Field(default_factory=dict)
    """Argument → where it came from: `literal`, or `tool#/field`."""
    reasons: list[str] = Field(default_factory=list)
    """Why a human is asked."""


StepStatus: TypeAlias = Literal["done", "failed", "rejected", "answered", "skipped", "left_out", "unknown"]
"""`skipped`: a step that it needs gave nothing. `left_out`: its condition did not hold. `answered`: a human
said something instead."""


class StepResult(BaseModel):
    """What became of a step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    tool: str
    args: dict[str, Any]
    status: StepStatus
    output: Any = None
    error: str = ""
    seconds: float = Field(default=0.0, ge=0.0)
    retrieved: bool = False
    """Whether the output is passages with sources of their own, which only a tool that retrieves may give."""
    quarantined: str = ""
    """Why the gate put the output, or passages of it, into quarantine: of those a model sees only what a
    typed `extract` took from them."""
    rounds: int | None = None
    """How many rounds a step with `for_each` had; their results stand beside it."""
    fields: list[tuple[str, str]] | None = None
    """What a model, or the elements of a `for_each`, made it of: `(tool, pointer)`."""
