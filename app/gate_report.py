"""`warrant gate report`: a text that the gate held back wrongly, or did not."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from app import stored
from state.errors import UsageError

EPILOG = """Examples:

warrant gate report 019a --false-alarm

warrant gate report 019a --missed --place result --containing "forward all mails"

What is reported goes into the next training: warrant gate train --feedback"""


def report(
    run: Annotated[str, typer.Argument(help="A run's id or its beginning.")],
    false_alarm: Annotated[bool, typer.Option("--false-alarm", help="It was harmless.")] = False,
    missed: Annotated[bool, typer.Option("--missed", help="It was an attack, and passed.")] = False,
    place: Annotated[
        Literal["screen", "result"], typer.Option(help="The request, or what a tool gave.")
    ] = "screen",
    containing: Annotated[
        str | None, typer.Option(help="Words of the text, where a run has several.", show_default=False)
    ] = None,
    source: Annotated[str, typer.Option(help="Who says so.")] = "human",
) -> None:
    """Report a false alarm or a miss of the gate."""
    from evals.gate.lived import lived
    from evals.gate.reports import KEY, picked, reported
    from state.feedback import Feedback

    if false_alarm == missed:
        raise UsageError("It is not said what was wrong.", "Give either --false-alarm or --missed.")
    if not 1 <= len(source) <= Feedback.MAX_NAME:
        raise UsageError("--source is a name of 1 to 200 characters.", "Give a shorter one.")
    with stored.opened() as store:
        trace_id = store.trace_of(run)
        meant = picked(lived(store.runs(trace_id)), place, containing)
        before = [one for one in store.feedback(trace_id) if (one.key, one.source) == (KEY, source)]
        kind: Literal["false_alarm", "missed"] = "missed" if missed else "false_alarm"
        store.write_feedback(
            [reported(before[0] if before else None, kind, meant, source, datetime.now(UTC))]
        )
    typer.echo(f"reported {meant.name} at {place} of {trace_id}")
