"""The two prompts that the offline model can read, as typed values."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from state.schema import Json, JsonSchema


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Turn(_Section):
    """An earlier message of the conversation."""

    role: str
    content: str


class Tool(_Section):
    """A tool as the planner is shown it."""

    name: str
    description: str = ""
    effect: Literal["read", "write", "outward"]
    input_schema: JsonSchema = Field(default_factory=dict)
    output_schema: JsonSchema = Field(default_factory=dict)
    retrieves: bool = False


class Finished(_Section):
    """A step that already ran in this turn."""

    step: str
    tool: str
    args: dict[str, Any]
    status: str


class Complaint(_Section):
    """What was wrong with the last reply."""

    path: str
    message: str = ""


class PlanPrompt(_Section):
    """What a plan is made from."""

    task: Literal["plan"]
    request: str
    tools: tuple[Tool, ...]
    history: tuple[Turn, ...] = ()
    finished: tuple[Finished, ...] = ()
    violations: tuple[Complaint, ...] = ()


class Evidence(_Section):
    """A passage, or the output of a step as text."""

    id: str = Field(min_length=1)
    text: str
    source: str = ""
    title: tuple[str, ...] = ()
    tool: str = ""


class Failed(_Section):
    """A step that gave nothing."""

    tool: str
    error: str = ""


class AnswerPrompt(_Section):
    """What an answer is made from."""

    task: Literal["answer"]
    request: str
    evidence: tuple[Evidence, ...]
    history: tuple[Turn, ...] = ()
    failed: tuple[Failed, ...] = ()
    data_schema: Json = None
    violations: tuple[Complaint, ...] = ()
