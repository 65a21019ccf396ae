"""A capability: something that may be asked of the outside, with the schemas that bind it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel

from state.canonical import digest
from state.errors import WarrantError
from state.schema import Json, JsonSchema

Arguments = TypeVar("Arguments", bound=BaseModel)


class ToolError(WarrantError):
    """The tool could not do what it was asked; the step fails with this text."""


@dataclass(frozen=True)
class Caller:
    """On whose behalf a tool is called; it comes from the authenticated context, never from the request."""

    labels: frozenset[str] = frozenset()
    """ACL labels that the caller holds."""
    roles: frozenset[str] = frozenset()
    """Roles and tenants that the policy of a tool may name."""
    passages: int | None = None
    """How many passages a search returns; None leaves it to the policy."""
    wordings: tuple[str, ...] = ()
    """Other wordings of the query, which a search looks for as well."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    """This caller's own values of environment variables that the policy passes on to MCP servers."""


Call: TypeAlias = Callable[[dict[str, Json], Caller], Coroutine[Any, Any, Json]]


@dataclass(frozen=True)
class Capability:
    """A tool's definition and the function behind it, local or remote alike."""

    name: str
    description: str
    input_schema: JsonSchema
    output_schema: JsonSchema
    call: Call
    """Takes arguments that satisfy `input_schema`, returns JSON that satisfies `output_schema`."""
    retrieves: bool = False
    """Whether the output is `{"passages": [Passage, …]}`, which its `output_schema` must demand."""
    rewords: bool = False
    """Whether it has an argument `query` and searches for `Caller.wordings` as well."""
    writes: bool = False
    """Whether it changes the world, so that no policy may call it a read."""
    control: tuple[str, ...] = ()
    """Arguments that decide what it reaches, whatever the policy says of them."""
    origin: str = "local"
    """Where it runs: `local`, or the MCP server."""

    def definition(self) -> dict[str, Json]:
        """What the planner is told and what a warrant is bound to."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
        }

    def digest(self) -> str:
        """Digest of the definition."""
        return digest(self.definition())


def typed(
    name: str,
    description: str,
    arguments: type[Arguments],
    result: type[BaseModel],
    run: Callable[[Arguments, Caller], Awaitable[BaseModel]],
    *,
    retrieves: bool = False,
    rewords: bool = False,
    writes: bool = False,
    control: tuple[str, ...] = (),
) -> Capability:
    """Make a capability of an async function with pydantic arguments and result."""

    async def call(args: dict[str, Json], caller: Caller) -> Json:
        return (await run(arguments.model_validate(args), caller)).model_dump(mode="json")

    return Capability(
        name=name,
        description=description,
        input_schema=arguments.model_json_schema(),
        output_schema=result.model_json_schema(mode="serialization"),
        call=call,
        retrieves=retrieves,
        rewords=rewords,
        writes=writes,
        control=control,
    )
