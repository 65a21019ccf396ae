"""`warrant trace`: what runs did."""

import json
import sys
from typing import Annotated

import typer

from app import stored, trace_export, trace_import, trace_rate

LIST_EXAMPLE = "Example: warrant trace list --limit 5 --thread THREAD"
SHOW_EXAMPLE = "Example: warrant trace show 019a --all"

commands = typer.Typer(help="List, show, rate, import and export the traces of runs.", no_args_is_help=True)

Hidden = Annotated[bool, typer.Option("--all", help="Also the runs that LangGraph makes for itself.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command("list", epilog=LIST_EXAMPLE)
def list_traces(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    thread: Annotated[str | None, typer.Option(help="Only those of this conversation.")] = None,
    as_json: AsJson = False,
) -> None:
    """List traces, newest first."""
    from app.drawing import show as show_drawing
    from app.tree import listed, summary

    with stored.opened() as store:
        roots = store.traces(limit, thread)
    if as_json:
        sys.stdout.write(json.dumps([summary(root) for root in roots], indent=2) + "\n")
    else:
        show_drawing(listed(roots))


@commands.command(epilog=SHOW_EXAMPLE)
def show(
    run: Annotated[str | None, typer.Argument(help="A run's id or its beginning; the last one.")] = None,
    hidden: Hidden = False,
    as_json: AsJson = False,
) -> None:
    """Show a trace as a tree with times, tokens, costs and errors, also while its run goes on."""
    from app.drawing import show as show_drawing
    from app.tree import drawn, summary, totals

    with stored.opened() as store:
        runs = stored.trace(store, run)
        judged = store.feedback(runs[0].trace_id)
    if as_json:
        plain = [each.model_dump(mode="json") for each in runs if hidden or not each.hidden]
        rated = [each.model_dump(mode="json", exclude={"trace_id"}) for each in judged]
        whole = {**summary(runs[0]), "totals": totals(runs), "feedback": rated, "runs": plain}
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
    else:
        show_drawing(drawn(runs, judged, hidden=hidden))


commands.command("export", epilog=trace_export.EPILOG)(trace_export.export)
commands.command("import", epilog=trace_import.EPILOG)(trace_import.import_traces)
commands.command("rate", epilog=trace_rate.EPILOG)(trace_rate.rate)
