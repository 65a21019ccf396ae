"""`warrant trace`: what runs did."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from state.store import Store
    from state.trace import Run

LIST_EXAMPLE = "Example: warrant trace list --limit 5 --thread THREAD"
SHOW_EXAMPLE = "Example: warrant trace show 019a --all"
EXPORT_EXAMPLE = "Example: warrant trace export 019a --out run.jsonl"

commands = typer.Typer(help="List, show and export the traces of runs.", no_args_is_help=True)

Hidden = Annotated[bool, typer.Option("--all", help="Also the runs that LangGraph makes for itself.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command("list", epilog=LIST_EXAMPLE)
def list_traces(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    thread: Annotated[str | None, typer.Option(help="Only those of this conversation.")] = None,
    as_json: AsJson = False,
) -> None:
    """List traces, newest first."""
    from app.tree import listed, summary

    with _store() as store:
        roots = store.traces(limit, thread)
    _print(json.dumps([summary(root) for root in roots], indent=2) if as_json else listed(roots))


@commands.command(epilog=SHOW_EXAMPLE)
def show(
    run: Annotated[str | None, typer.Argument(help="A run's id or its beginning; the last one.")] = None,
    hidden: Hidden = False,
    as_json: AsJson = False,
) -> None:
    """Show a trace as a tree with times, tokens, costs and errors, also while its run goes on."""
    from app.tree import drawn, summary, totals

    with _store() as store:
        runs = _trace(store, run)
    if as_json:
        plain = [each.model_dump(mode="json") for each in runs if hidden or not each.hidden]
        return _print(json.dumps({**summary(runs[0]), "totals": totals(runs), "runs": plain}, indent=2))
    return _print(drawn(runs, hidden=hidden))


@commands.command(epilog=EXPORT_EXAMPLE)
def export(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Runs' ids or their beginnings; the last one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every trace there is.")] = False,
) -> None:
    """Write traces as JSON Lines, one run a line, in LangSmith's fields."""
    if everything and ids:
        raise UsageError("Give ids or --all, not both.", "See warrant trace export --help.")
    with _store() as store:
        chosen: list[str | None] = [*ids] if ids else [None]
        traces = _every(store) if everything else (_trace(store, each) for each in chosen)
        if out is None:
            _write(traces, sys.stdout)
            return
        try:
            with out.open("w", encoding="utf-8") as file:
                _write(traces, file)
        except OSError as error:
            raise UsageError(f"Cannot write {out}: {error.strerror}.", "Give another --out.") from error


@contextmanager
def _store() -> "Iterator[Store]":
    from state.settings import settings
    from state.store import Store

    with closing(Store(settings().database_url())) as store:
        yield store


def _trace(store: "Store", prefix: str | None) -> "list[Run]":
    if prefix is not None:
        return store.runs(store.trace_of(prefix))
    if last := store.traces(1):
        return store.runs(last[0].id)
    raise UsageError("There are no traces yet.", 'Ask something: warrant ask "…".')


def _every(store: "Store") -> "Iterator[list[Run]]":
    for root in reversed(store.traces(limit=sys.maxsize)):
        yield store.runs(root.id)


def _write(traces: "Iterator[list[Run]]", file: Any) -> None:  # noqa: ANN401  stdout or a file
    for runs in traces:
        file.writelines(run.model_dump_json() + "\n" for run in runs)


def _print(shown: object) -> None:
    """Write to stdout: a drawing as wide as the terminal, or in a pipe uncut and without colours."""
    if isinstance(shown, str):
        sys.stdout.write(shown + "\n")
        return
    from rich.console import Console

    if sys.stdout.isatty():
        Console(highlight=False, emoji=False).print(shown)
        return
    piped = Console(file=io.StringIO(), width=1_000, highlight=False, emoji=False)
    with piped.capture() as drawn:
        piped.print(shown)
    sys.stdout.writelines(line.rstrip() + "\n" for line in drawn.get().splitlines())
