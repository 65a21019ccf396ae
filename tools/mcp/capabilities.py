"""The approved tools of all servers as capabilities, made without asking any server."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from state.errors import UsageError
from state.policy import Policy
from tools.capability import Capability
from tools.mcp.hygiene import contradiction
from tools.mcp.lock import APPROVE, Lock, LockedServer
from tools.mcp.result import output_schema

if TYPE_CHECKING:
    from tools.mcp.server import Server


def mcp_capabilities(policy: Policy, lock: Lock, logs: Path | None = None) -> list[Capability]:
    """Every approved tool, named `server.tool`; a server is connected when one is first called.

    Args:
        policy: Names the servers, and the tools that may be used.
        lock: What was approved.
        logs: Folder for what servers write; None drops it.

    Raises:
        UsageError: the policy allows a tool that is not approved, names another command or URL than was
            approved, or says `read` of a tool whose server says that it changes things.
    """
    if refused := next(refusals(policy, lock), None):
        raise UsageError(*refused)
    if not policy.mcp:
        return []
    # `mcp` takes over a second to import.
    from tools.mcp.server import Server

    return [
        made
        for name, locked in lock.servers.items()
        if name in policy.mcp
        for made in _of(Server(name, policy.mcp[name], locked.identity, logs), locked, policy)
    ]


def refusals(policy: Policy, lock: Lock) -> Iterator[tuple[str, str]]:
    """Why policy and lock do not go together, each with the way out."""
    for name, server in sorted(policy.mcp.items()):
        locked = lock.servers.get(name)
        if locked is not None and not locked.identity.reached_as(server):
            yield (
                f"The command or URL of the MCP server {name} is not the approved one.",
                APPROVE.format(server=name),
            )
    for name, entry in sorted(policy.tools.items()):
        server_name, dot, tool = name.partition(".")
        if not dot or server_name not in policy.mcp:
            continue
        approved = lock.servers[server_name].tools.get(tool) if server_name in lock.servers else None
        if approved is None:
            yield f"The policy allows {name}, which is not approved.", APPROVE.format(server=server_name)
        elif said := contradiction(approved.definition, entry):
            yield f"{name}: {said}.", 'Set its effect in the policy to "write" or "outward".'


def _of(server: "Server", locked: LockedServer, policy: Policy) -> list[Capability]:
    made = []
    for tool in locked.tools.values():
        name, definition = f"{server.name}.{tool.definition.name}", tool.definition
        repeatable = name in policy.tools and policy.tools[name].effect == "read"
        made.append(
            Capability(
                name=name,
                description=definition.description,
                input_schema=definition.input_schema,
                output_schema=output_schema(definition),
                call=partial(server.call, definition, repeatable=repeatable),
                origin=f"MCP server {server.name}",
            )
        )
    return made
