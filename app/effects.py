"""`warrant effects`: what calls changed in the world, and settling what nobody knows."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from state.store import Effect, Store

LIST_EXAMPLE = "Example: warrant effects list --thread THREAD"
RESOLVE_EXAMPLE = "Example: warrant effects resolve 3fa9c1d20b7e --happened"

commands = typer.Typer(help="List effects, and settle those whose outcome is unknown.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command("list", epilog=LIST_EXAMPLE)
def list_effects(
    thread: Annotated[str | None, typer.Option(help="Only those of this conversation.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is done, failed or running.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the effects whose outcome is unknown, oldest first."""
    scope = None if thread is None else f"{thread}/"
    with _store() as store:
        found = store.effects(scope) if everything else store.unknown_effects(scope)
    if as_json:
        typer.echo(json.dumps([asdict(effect) for effect in found], indent=2))
    elif found:
        typer.echo("\n".join(map(_line, found)))
    else:
        typer.echo("No effect was claimed." if everything else "No effect is unknown.", err=True)


@commands.command(epilog=RESOLVE_EXAMPLE)
def resolve(
    key: Annotated[str, typer.Argument(help="Key of the effect, or its beginning.")],
    happened: Annotated[
        bool | None,
        typer.Option("--happened/--did-not-happen", help="What you found out outside.", show_default=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="What the call gave, as JSON, for the steps that use it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Settle an effect whose outcome is unknown.

    What happened is not made again; what did not happen is made when its step runs again.
    """
    if happened is None:
        raise UsageError("It is not said what happened.", "Give --happened or --did-not-happen.")
    if output is not None and not happened:
        raise UsageError("What did not happen has no output.", "Leave --output out.")
    with _store() as store:
        settled = store.resolve(key, happened=happened, output=_json(output))
    typer.echo(json.dumps(asdict(settled), indent=2) if as_json else _line(settled))
    typer.echo(f"Go on with: warrant ask --resume {settled.scope.rpartition('/')[0]}", err=True)


@contextmanager
def _store() -> "Iterator[Store]":
    from state.settings import settings
    from state.store import Store

    with closing(Store(settings().database_url())) as store:
        yield store


def _json(output: str | None) -> object:
    try:
        return None if output is None else json.loads(output)
    except ValueError as error:
        raise UsageError(f"--output is not JSON: {error}.", "Give it as the tool would have.") from error


def _line(effect: "Effect") -> str:
    state = "running" if effect.running else "unknown" if effect.state == "claimed" else effect.state
    key = effect.key.removeprefix("sha256:")[:12]
    said = f"  {' '.join(effect.error.split())[:100]}" if effect.error else ""
    line = f"{key}  {state:7}  {effect.claimed_at[:19]}Z  {effect.tool}  {effect.scope}  {effect.step}{said}"
    return "".join(char for char in line if char.isprintable())  # a tool's error may hold terminal codes
