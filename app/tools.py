"""`warrant tools`: which tools are allowed, whether all fits together, and approving those of MCP servers."""

import json
import sys
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from state.errors import ExitCode, UsageError, WarrantError

if TYPE_CHECKING:
    from pathlib import Path

    from state.policy import Policy
    from tools.mcp.definition import Listing
    from tools.mcp.lock import Lock

Value = TypeVar("Value")

LIST_EXAMPLE = "Example: warrant tools list --json"
CHECK_EXAMPLE = """Examples:

warrant tools check

warrant tools check --connect

Exit codes: 0 all fits, 2 the policy or a definition is wrong, 5 a server cannot be reached."""
DIFF_EXAMPLE = """Example: warrant tools diff files

Exit codes: 0 nothing changed, 2 usage error, 4 something waits for approval, 5 a server cannot be reached."""
APPROVE_EXAMPLE = """Examples:

warrant tools approve files

warrant tools approve files --tool read --seen 0123456789abcdef"""

commands = typer.Typer(
    help="See the allowed tools, check the policy, approve tools of MCP servers.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
ServerArgument = Annotated[
    str | None, typer.Argument(help="Name in the policy; all by default.", show_default=False)
]


@commands.command("list", epilog=LIST_EXAMPLE)
def list_tools(as_json: Json = False) -> None:
    """List the allowed tools with their effect, who is asked, where they run, and their bounds."""
    from graphs.parts import capabilities
    from state.settings import settings

    policy, _ = _given()
    origins = {one.name: one.origin for one in capabilities(settings(), policy)}
    if missing := sorted(policy.tools.keys() - origins.keys()):
        raise UsageError(
            f"The policy allows a tool that does not exist: {missing[0]}.", "See warrant tools check."
        )
    shown = (
        "effect",
        "approval",
        "roles",
        "calls",
        "per_minute",
        "timeout_seconds",
        "retries",
        "output_bytes",
    )
    rows = [
        {"name": name, "origin": origins[name], **entry.model_dump(mode="json", include=set(shown))}
        for name, entry in policy.tools.items()
    ]
    if as_json:
        typer.echo(json.dumps({"tools": rows}))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        bounds = f"{row['calls']} calls, {row['timeout_seconds']:g} s, {row['output_bytes']:,} bytes"
        asked = f"approval {row['approval']}"
        typer.echo(f"{row['name']:<{width}}  {row['effect']:<8} {asked:<21} {bounds}  {row['origin']}")


@commands.command(epilog=CHECK_EXAMPLE)
def check(
    connect: Annotated[
        bool, typer.Option("--connect/--offline", help="Also ask the MCP servers whether something changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the policy, the tools of this process and the lock of the MCP servers."""
    policy, lock = _given()
    problems = list(_problems(policy, lock))
    warnings = list(_warnings(policy, lock))
    unreached: list[str] = []
    for name in policy.mcp if connect else ():
        try:
            changed = _changes(name, lock, _said(name, policy))
        except WarrantError as error:
            unreached.append(f"{name}: {error} What it said: {_logs() / name}.log")
            continue
        for change in changed:
            # What is only offered is harmless: it does not exist for the planner.
            told = warnings if change.kind == "added" else problems
            told.append(f"{next(change.lines(name))}. See warrant tools diff {name}.")
    if as_json:
        found = {"tools": len(policy.tools), "servers": len(policy.mcp)}
        typer.echo(json.dumps({**found, "problems": problems, "warnings": warnings, "unreached": unreached}))
    else:
        for kind, lines in (("problem", problems), ("warning", warnings), ("unreached", unreached)):
            for line in lines:
                typer.echo(f"{kind}: {line}")
        typer.echo(
            f"{len(policy.tools)} tools, {len(policy.mcp)} MCP servers: "
            f"{len(problems)} problems, {len(warnings)} warnings"
        )
    if problems or unreached:
        raise typer.Exit(ExitCode.USAGE if problems else ExitCode.FAILED)


@commands.command(epilog=DIFF_EXAMPLE)
def diff(server: ServerArgument = None, as_json: Json = False) -> None:
    """Show what MCP servers say now beside what was approved; nothing is changed."""
    from tools.mcp.approval import seen, unfit

    policy, lock = _given()
    documents = {}
    for name in [_known(server, policy)] if server else policy.mcp:
        now = _said(name, policy)
        changed = _changes(name, lock, now)
        document = {
            "seen": seen(now),
            "changes": [{"kind": c.kind, "tool": c.tool, "diff": list(c.lines(name))} for c in changed],
            "unfit": unfit(name, now, lock, _local(policy)),
        }
        documents[name] = document
        if not as_json:
            typer.echo("\n".join(_shown(name, document)))
    if as_json:
        typer.echo(json.dumps({"servers": documents}))
    if any(document["changes"] for document in documents.values()):
        raise typer.Exit(ExitCode.NEEDS_HUMAN)


@commands.command(epilog=APPROVE_EXAMPLE)
def approve(
    server: Annotated[str, typer.Argument(help="Name in the policy.")],
    tool: Annotated[list[str] | None, typer.Option(help="Take only this tool; may be repeated.")] = None,
    seen: Annotated[
        str | None, typer.Option(help="What `warrant tools diff` printed; without it you are asked.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what an MCP server says now into mcp.lock, beside the policy."""
    from tools.mcp import approval
    from tools.mcp.lock import write_lock

    policy, lock = _given()
    now = _said(_known(server, policy), policy)
    made = approval.approved(lock, server, now, _local(policy), tool or ())
    if seen is None:
        _confirm(server, lock, now)
    elif seen != approval.seen(now):
        raise UsageError(
            "The server says something else than what was seen.", f"See warrant tools diff {server}."
        )
    write_lock(_lock_path(), made)
    tools = sorted(made.servers[server].tools)
    if as_json:
        typer.echo(json.dumps({"server": server, "tools": tools, "lock": str(_lock_path())}))
    else:
        typer.echo(f"{server}: {len(tools)} tools approved in {_lock_path()}")


def _confirm(server: str, lock: "Lock", now: "Listing") -> None:
    from tools.mcp.approval import seen

    if not sys.stdin.isatty():
        raise UsageError(
            "Nobody can be asked here.", f"Give --seen with what `warrant tools diff {server}` prints."
        )
    changes = [{"diff": list(change.lines(server))} for change in _changes(server, lock, now)]
    typer.echo("\n".join(_shown(server, {"changes": changes, "unfit": {}, "seen": seen(now)})))
    typer.confirm("Approve?", abort=True)


def _shown(server: str, document: dict[str, Any]) -> Iterator[str]:
    if not document["changes"]:
        yield f"{server}: nothing changed"
        return
    for change in document["changes"]:
        yield from change["diff"]
    for name, why in document["unfit"].items():
        yield f"cannot be approved: {server}.{ascii(name)[1:-1]}: {', '.join(why)}"
    yield f"Approve with: warrant tools approve {server} --seen {document['seen']}"


def _problems(policy: "Policy", lock: "Lock") -> Iterator[str]:
    from graphs.parts import local_capabilities
    from state.settings import settings
    from tools.allowed import check_tools
    from tools.mcp.approval import unfit
    from tools.mcp.capabilities import mcp_capabilities, refusals
    from tools.mcp.definition import Listing

    refused = list(refusals(policy, lock))
    yield from (f"{message} {way_out}" for message, way_out in refused)
    local = local_capabilities(settings(), policy)
    for name, locked in lock.servers.items():
        now = Listing(identity=locked.identity, tools={n: one.definition for n, one in locked.tools.items()})
        for tool, why in unfit(name, now, lock, [one.name for one in local]).items():
            yield f"{name}.{tool}: {', '.join(why)}. Approve it anew once the server is corrected."
    if not refused:
        try:
            check_tools([*local, *mcp_capabilities(policy, lock)], policy)
        except UsageError as error:
            yield str(error)


def _warnings(policy: "Policy", lock: "Lock") -> Iterator[str]:
    from tools.mcp.hygiene import caution

    for server, locked in lock.servers.items():
        if server not in policy.mcp:
            yield f"mcp.lock holds the server {server}, which the policy does not name."
        for tool, one in locked.tools.items():
            entry = policy.tools.get(f"{server}.{tool}")
            if entry and (said := caution(one.definition, entry)):
                yield f"{server}.{tool}: {said}."


def _given() -> "tuple[Policy, Lock]":
    from state.policy import load_policy
    from state.settings import settings
    from tools.mcp.lock import load_lock

    return load_policy(settings().policy), load_lock(_lock_path())


def _lock_path() -> "Path":
    from state.settings import settings
    from tools.mcp.lock import lock_path

    return lock_path(settings().policy)


def _logs() -> "Path":
    from state.settings import settings

    return settings().home / "mcp"


def _local(policy: "Policy") -> list[str]:
    from graphs.parts import local_capabilities
    from state.settings import settings

    return [one.name for one in local_capabilities(settings(), policy)]


def _known(server: str, policy: "Policy") -> str:
    if server not in policy.mcp:
        known = ", ".join(policy.mcp) or "none"
        raise UsageError(
            f"The policy names no MCP server {server!r}; it names {known}.", "Add [mcp.NAME] to it."
        )
    return server


def _said(server: str, policy: "Policy") -> "Listing":
    from tools.mcp.approval import said

    return _run(said(server, policy.mcp[server], _logs()))


def _changes(server: str, lock: "Lock", now: "Listing") -> list[Any]:
    from tools.mcp.difference import changes

    return changes(lock.servers.get(server), now)


def _run(work: Coroutine[Any, Any, Value]) -> Value:
    import asyncio

    return asyncio.run(work)
