"""Plans, and the warrants that a reviewed plan earns."""

import re
from functools import cache
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.schema import Json, JsonSchema

REFERENCE = re.compile(r"^(?P<step>[a-z][a-z0-9_]{0,31})#(?P<pointer>(/([^~/]|~[01])*)*)\Z")
STEP_ID = r"^[a-z][a-z0-9_]{0,31}$"


class Reference(BaseModel):
    """`{"$ref": "s1#/order/id"}`: the part of an earlier step's output at a JSON Pointer (RFC 6901)."""

    model_config = ConfigDict(frozen=True)

    step: str
    pointer: str


def reference(value: Json) -> Reference | None:
    """The reference that a plan argument is, or None if it is a literal; a malformed one has step ''."""
    if not (isinstance(value, dict) and "$ref" in value):
        return None
    match = REFERENCE.match(value["$ref"]) if isinstance(value["$ref"], str) and len(value) == 1 else None
    return (
        Reference(step=match["step"], pointer=match["pointer"]) if match else Reference(step="", pointer="")
    )


class Step(BaseModel):
    """One tool call of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=STEP_ID, description="Short name of the step, such as s1.")
    tool: str = Field(min_length=1, max_length=128, description="Name of a tool from the list.")
    args: dict[str, Any] = Field(
        default_factory=dict,
        description='Arguments: literals, or {"$ref": "s1#/json/pointer"} for a part of an earlier output.',
    )
    after: list[str] = Field(default_factory=list, description="Ids of steps that must be finished before.")
    why: str = Field(default="", max_length=500, description="Why this step is needed.")


class Plan(BaseModel):
    """The whole plan of one turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: list[Step] = Field(description="All steps, in a readable order; empty if no tool is needed.")


@cache
def plan_schema() -> JsonSchema:
    """JSON Schema of a plan, made once: it takes a millisecond."""
    return Plan.model_json_schema()


class Warrant(BaseModel):
    """A plan step that passed review: exactly this call may be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    tool: str
    tool_digest: str
    """Digest of the tool's definition as it was reviewed."""
    args: dict[str, Any]
    """The exact arguments, references resolved."""
    args_digest: str
    approved_by: Literal["policy", "human"]


StepStatus: TypeAlias = Literal["done", "failed", "rejected", "skipped", "unknown"]


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
