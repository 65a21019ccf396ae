"""`warrant index add`: bring the index up to date."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.index_parts import SHOWN, Json, backend, embedder, rules
from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tools.index.files import Broken
    from tools.index.ingest import Report, Summary

EPILOG = "Example: warrant index add docs/ handbook.pdf --prune"
LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""


def add(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.", show_default=False)] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove sources of files that no longer exist there.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Embed everything anew if the embedding model changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Index Markdown, text, HTML, PDF, DOCX and JSONL. What did not change is skipped.

    Without a path, everything that was ever added is looked at again, with what is new in its folders.
    A file that cannot be read is reported and skipped; the exit code is then 5.
    """
    from tools.index.ingest import add as ingest
    from tools.index.roots import remembered

    index = backend()
    if not paths and not rebuild:
        paths = remembered(index)
    if not paths and not rebuild:
        raise UsageError("Nothing to add.", "Name files or folders: `warrant index add PATH`.")
    with _progress() as report:
        summary = ingest(
            index,
            embedder(),
            paths or [],
            prune=prune,
            rebuild=rebuild,
            report=report,
            rules=rules(),
        )
    if as_json:
        broken = [one._asdict() for one in summary.broken]
        typer.echo(json.dumps({**vars(summary), "broken": broken}))
    else:
        typer.echo(counts(summary))
    report_broken(summary.broken)
    if summary.broken:
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _progress() -> "Iterator[Report]":
    """Progress on stderr: a line that changes on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(summary: "Summary", files: int) -> None:
            nonlocal last
            if time.monotonic() - last >= LINE_SECONDS:
                last = time.monotonic()
                typer.echo(_line(summary, files), err=True)

        yield line
        return
    from rich.console import Console

    with Console(stderr=True).status("reading") as shown:
        yield lambda summary, files: shown.update(_line(summary, files))


def _line(summary: "Summary", files: int) -> str:
    done = summary.added + summary.changed + summary.unchanged
    return f"{summary.files}/{files} files, {done:,} sources, {summary.passages:,} passages written"


def counts(summary: "Summary") -> str:
    """What adding did, in one line."""
    return (
        f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged, "
        f"{summary.removed} removed; {summary.passages} passages written."
        + (f" {summary.relabelled} sources have other readers." if summary.relabelled else "")
    )


def report_broken(broken: "list[Broken]") -> None:
    """Name on stderr what was skipped."""
    for source, error in broken[:SHOWN]:
        typer.echo(f"skipped {source}: {error}", err=True)
    if (more := len(broken) - SHOWN) > 0:
        typer.echo(f"skipped {more} more; --json names them all", err=True)
