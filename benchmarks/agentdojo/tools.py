"""AgentDojo's tools as capabilities that act on the environment of the current pair.

A suite is a module of its name beside this one, with two members:

* `OUTPUT_SCHEMAS: dict[str, JsonSchema]`: the output schema of each tool whose output is typed better than
  its Python return type says; all other tools get the schema of their return type.
* `adapt(name: str, output: Json) -> Json`: is called with the name of such a tool and its output in JSON
  (dates in ISO 8601), and gives a value of that schema. It parses by code and loses nothing; tools that are
  not in `OUTPUT_SCHEMAS` are not handed to it.

It may have `ground_truth(injection_id, environment) -> list[FunctionCall]`, for injection tasks without one.
"""

from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter, ValidationError

from state.schema import Json, JsonSchema
from tools.capability import Caller, Capability, ToolError

if TYPE_CHECKING:
    from agentdojo.functions_runtime import Function, FunctionCall, TaskEnvironment

LOCAL_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$"
"""AgentDojo's times have no zone, so that they are no RFC 3339 `date-time`."""


@dataclass
class World:
    """The environment of the current pair, and the calls that reached it."""

    environment: "TaskEnvironment | None" = None
    trace: "list[FunctionCall]" = field(default_factory=list)

    def enter(self, environment: "TaskEnvironment") -> None:
        """Begin a pair."""
        self.environment, self.trace = environment, []


def capabilities(suite: str, functions: "list[Function]", world: World) -> list[Capability]:
    """Every tool of the suite."""
    adapter = import_module(f"benchmarks.agentdojo.{suite}")
    return [_capability(function, adapter, world) for function in functions]


def _capability(function: "Function", adapter: ModuleType, world: World) -> Capability:
    from agentdojo.functions_runtime import FunctionCall, FunctionsRuntime

    runtime = FunctionsRuntime([function])
    returned: TypeAdapter[object] = TypeAdapter(function.return_type)
    adapted = function.name in adapter.OUTPUT_SCHEMAS

    async def call(args: dict[str, Json], _caller: Caller) -> Json:
        world.trace.append(FunctionCall(function=function.name, args=args))
        try:
            output, _ = runtime.run_function(world.environment, function.name, args, raise_on_error=True)
        except (ValueError, ValidationError) as error:
            raise ToolError(str(error), "Check the arguments.") from error
        plain = returned.dump_python(output, mode="json", warnings=False)
        return adapter.adapt(function.name, plain) if adapted else plain

    return Capability(
        name=function.name,
        description=function.description,
        input_schema=_without_times(
            {**function.parameters.model_json_schema(), "additionalProperties": False}
        ),
        output_schema=adapter.OUTPUT_SCHEMAS[function.name]
        if adapted
        else _without_times(returned.json_schema(mode="serialization")),
        call=call,
    )


def _without_times(schema: JsonSchema) -> JsonSchema:
    return cast(JsonSchema, _local(schema))


def _local(part: Json) -> Json:
    """The schema with times that have no zone."""
    if isinstance(part, list):
        return [_local(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("format") == "date-time":
        rest = {key: value for key, value in part.items() if key != "format"}
        return {**rest, "pattern": LOCAL_TIME}
    return {key: _local(value) for key, value in part.items()}
