"""`warrant index watch`: keep the index up to date while files change."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from app.index_add import counts, report_broken
from app.index_parts import embedder, impatient, rules
from state.errors import UsageError

if TYPE_CHECKING:
    from tools.index.ingest import Summary

EPILOG = "Example: warrant index watch docs/"


def watch(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; what was ever added if left out.", show_default=False),
    ] = None,
    poll: Annotated[
        float | None,
        typer.Option(
            "--poll", min=0.1, help="Look every so many seconds: for network drives.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line, one for each round.")
    ] = False,
) -> None:
    """Bring the index up to date, and again whenever a file changes, until Ctrl-C.

    Sources of removed files are removed; those of a folder that vanishes as a whole stay until
    `warrant index add --prune`.
    """
    from tools.index.roots import remembered
    from tools.index.watch import Listener
    from tools.index.watch import watch as keep

    index = impatient()
    chosen = paths or remembered(index)
    if not chosen:
        raise UsageError("There is nothing to watch.", "Name files or folders: `warrant index watch PATH`.")

    def done(summary: "Summary", seconds: float) -> None:
        if as_json:
            broken = [one._asdict() for one in summary.broken]
            typer.echo(json.dumps({**vars(summary), "broken": broken, "seconds": round(seconds, 3)}))
        else:
            typer.echo(f"{datetime.now():%H:%M:%S}  {counts(summary)} ({seconds:.1f} s)")  # noqa: DTZ005 - for who looks at the terminal
        report_broken(summary.broken)

    with _until_stopped() as stop:
        keep(index, embedder(), chosen, Listener(done, _say), stop=stop, poll=poll, rules=rules())


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


@contextmanager
def _until_stopped() -> Iterator[Event]:
    """An event that is set by Ctrl-C and by being asked to end; a batch that is being written is whole."""
    stop = Event()
    before = {
        number: signal.signal(number, lambda _number, _frame: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
