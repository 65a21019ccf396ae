"""From what a server says to what a person approved."""

from collections.abc import Collection, Iterable
from pathlib import Path

from state.canonical import digest
from state.errors import UsageError
from state.mcp_policy import McpServerPolicy
from tools.mcp.definition import Listing
from tools.mcp.hygiene import problems
from tools.mcp.lock import Lock, LockedServer, LockedTool, pinned


async def said(name: str, policy: McpServerPolicy, logs: Path | None = None) -> Listing:
    """Ask a server what it is and which tools it has.

    Raises:
        WarrantError: it cannot be reached, or a secret is missing.
    """
    from tools.mcp.server import Server

    server = Server(name, policy, None, logs)
    try:
        return await server.listing()
    finally:
        await server.close()


def seen(listing: Listing) -> str:
    """A short digest of what was shown, so that nothing else can be approved."""
    return digest(listing.model_dump(mode="json")).removeprefix("sha256:")[:16]


def unfit(server: str, now: Listing, lock: Lock, local: Iterable[str]) -> dict[str, list[str]]:
    """Tool → why it cannot be approved, for the tools of which something can be said."""
    others = [
        *local,
        *(f"{s}.{tool}" for s, locked in lock.servers.items() if s != server for tool in locked.tools),
    ]
    found = {name: list(problems(tool, server, others)) for name, tool in sorted(now.tools.items())}
    return {name: why for name, why in found.items() if why}


def approved(lock: Lock, server: str, now: Listing, local: Iterable[str], only: Collection[str] = ()) -> Lock:
    """The lock with what a server says now.

    Args:
        lock: What was approved before.
        server: The server's name in the policy.
        now: What it says, as a person saw it.
        local: Names of the tools of this process.
        only: Tools that are taken; all of the server by default, and those it no longer has are let go.

    Raises:
        UsageError: a tool does not exist, or its definition holds what it must not.
    """
    before = lock.servers.get(server)
    old: dict[str, LockedTool] = dict(before.tools) if before else {}
    if unknown := sorted(set(only) - now.tools.keys() - old.keys()):
        raise UsageError(f"{server} has no tool {unknown[0]!r}.", f"See warrant tools diff {server}.")
    wanted = set(only) or now.tools.keys() | old.keys()
    if bad := {name: why for name, why in unfit(server, now, lock, local).items() if name in wanted}:
        told = "; ".join(f"{ascii(name)[1:-1]}: {', '.join(why)}" for name, why in bad.items())
        raise UsageError(
            f"{server} has tools that cannot be approved: {told}.",
            "Correct the server, or take others with --tool.",
        )
    taken = {name: pinned(now.tools[name]) for name in wanted if name in now.tools}
    kept = {name: tool for name, tool in old.items() if name not in wanted}
    locked = LockedServer(identity=now.identity, tools={**kept, **taken})
    return Lock(servers={**lock.servers, server: locked})
