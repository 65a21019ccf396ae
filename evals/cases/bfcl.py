"""Lines of the Berkeley Function-Calling Leaderboard: functions, possible answers, and a model's calls."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evals.cases.case import Expectation, ExpectedCall
from evals.trajectory import Call, Trajectory
from state.schema import Json

Alternatives: TypeAlias = list[Json]
"""Possible values of a parameter; an empty text among them says that it may be left out."""
Expected: TypeAlias = Annotated[dict[str, dict[str, Alternatives]], Field(min_length=1, max_length=1)]
"""Function → parameter → alternatives."""


class Parameters(BaseModel):
    """Of a function: like a JSON Schema, with types of Python."""

    properties: dict[str, dict[str, Json]] = {}
    required: tuple[str, ...] = ()


class Function(BaseModel):
    """A function that the model was offered."""

    name: str
    parameters: Parameters


class Line(BaseModel):
    """One answer of a model; fields besides are left aside."""

    model_config = ConfigDict(frozen=True)

    id: str
    category: str = "simple"
    """Decides between the checker's rules, by whether `parallel` or `multiple` is part of it."""
    functions: tuple[Function, ...] = Field(min_length=1)
    possible: tuple[Expected, ...] = Field(alias="possible_answer", min_length=1)
    output: Json = Field(alias="model_output")
    """`[{function: {parameter: value}}]`; whatever else the model's answer was read as."""
    valid: bool | None = None
    """The checker's own verdict, where the file has it."""
    error_type: str | None = None


def expectation(line: Line) -> Expectation:
    """The possible answers in our words: calls in any order, each parameter one of its alternatives.

    Texts are compared letter case and white space aside, everything else as JSON, at every depth.
    """
    return Expectation(calls=tuple(_call(line, expected) for expected in line.possible))


def trajectory(line: Line) -> Trajectory:
    """What the model called, in one turn; what is no call stands as one of a tool without a name."""
    calls = line.output if isinstance(line.output, list) else [line.output]
    pairs = [pair for call in calls for pair in (call.items() if isinstance(call, dict) else [("", call)])]
    return Trajectory(id=line.id, calls=tuple(Call(tool, args) for tool, args in pairs))


def _call(line: Line, expected: Expected) -> ExpectedCall:
    ((tool, possible),) = expected.items()
    function = next((one for one in line.functions if one.name == tool), None)
    required = function.parameters.required if function else ()
    return ExpectedCall(
        tool=tool, args={name: _one_of(choices, name not in required) for name, choices in possible.items()}
    )


def _one_of(choices: Alternatives, may_be_left_out: bool) -> Json:
    """An empty text is both a value and the sign that there need not be one."""
    one_of = (
        {"$one_of": [_value(choice) for choice in choices]} if choices else {"$optional": {"$one_of": [""]}}
    )
    return {"$optional": one_of} if may_be_left_out and "" in choices else one_of


def _value(choice: Json) -> Json:
    """An alternative; in BFCL each key of an object, also in a list of objects, has alternatives again."""
    if isinstance(choice, dict):
        return {
            key: _one_of(value, may_be_left_out=True) if isinstance(value, list) else _exactly(value)
            for key, value in choice.items()
        }
    if isinstance(choice, list):
        return [_value(item) for item in choice]
    return _exactly(choice)


def _exactly(value: Json) -> Json:
    return {"$text": value} if isinstance(value, str) else {"$exact": value}
