"""What a server says about itself and its tools, and the digest that pins it."""

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from state.canonical import digest
from state.mcp_policy import McpServerPolicy
from state.schema import Json, JsonSchema

if TYPE_CHECKING:
    from mcp_types import Implementation, Tool


class _Pinned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Definition(_Pinned):
    """A tool as its server defines it."""

    name: str
    description: str
    input_schema: JsonSchema
    output_schema: JsonSchema | None
    annotations: dict[str, Json]

    def digest(self) -> str:
        """Digest over canonical JSON, so that key order and white space between tokens never matter."""
        return digest(self.model_dump(mode="json"))


class Identity(_Pinned):
    """Which server it is: how it is reached, by the policy, and what it says its name and version are."""

    name: str | None
    version: str | None
    transport: Literal["stdio", "http"]
    address: tuple[str, ...]
    """The command and its arguments, or the URL."""

    def reached_as(self, policy: McpServerPolicy) -> bool:
        """Whether the policy still names the same command or URL."""
        return (self.transport, self.address) == _address(policy)


class Listing(_Pinned):
    """A server and all its tools, as it says at one moment."""

    identity: Identity
    tools: dict[str, Definition]


def identity(policy: McpServerPolicy, said: "Implementation | None") -> Identity:
    """The identity of a server that was reached as the policy says."""
    transport, address = _address(policy)
    name, version = (said.name, said.version) if said else (None, None)
    return Identity(name=name, version=version, transport=transport, address=address)


def definition(tool: "Tool") -> Definition:
    """A tool from the wire; title, icons and metadata are not read."""
    annotations = (
        tool.annotations.model_dump(mode="json", by_alias=True, exclude_none=True) if tool.annotations else {}
    )
    return Definition(
        name=tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=annotations,
    )


def _address(policy: McpServerPolicy) -> tuple[Literal["stdio", "http"], tuple[str, ...]]:
    if policy.url is not None:
        return "http", (policy.url,)
    return "stdio", (policy.command or "", *policy.args)
