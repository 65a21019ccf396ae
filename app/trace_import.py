"""`warrant trace import`: traces that other tools recorded."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import stored
from state.errors import UsageError

if TYPE_CHECKING:
    from evals.traces.importing import Imported, Reader
    from state.trace import Run

EPILOG = (
    "Examples: warrant trace import chats.jsonl --format openai --redact · "
    "warrant trace import --format langsmith --project my-agent --limit 100"
)
LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""
STDIN = Path("-")


class ImportFormat(StrEnum):
    """In which form traces were recorded."""

    LANGSMITH = "langsmith"
    OPENAI = "openai"
    LANGCHAIN = "langchain"
    TAU_BENCH = "tau-bench"
    JSONL = "jsonl"


def import_traces(
    form: Annotated[ImportFormat, typer.Option("--format", help="How the traces were recorded.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="JSON Lines or JSON files, also .gz; - is stdin.", show_default=False),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="langsmith: read this project over the network instead of files.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="With --project: the newest traces only.")] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Replace secrets and personal data.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the runs to this file instead of the store.")
    ] = None,
    skip_malformed: Annotated[
        bool, typer.Option("--skip-malformed", help="Leave malformed lines out, and count them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Import traces: runs of LangSmith or of Warrant (jsonl), or conversations, one a line.

    The same line of the same file always becomes the same trace, so that an import that was killed goes on
    when it is repeated, and nothing is there twice. docs/traces.md has the formats.
    """
    from evals.traces.importing import Reader
    from models.redaction import Redactor

    if bool(files) == bool(project):
        raise UsageError("Give files, or --project.", "See warrant trace import --help.")
    if project and form != ImportFormat.LANGSMITH:
        raise UsageError("Only LangSmith has projects.", "Give --format langsmith.")
    reader = Reader(form.value, Redactor() if redact else None, skip_malformed)
    done = _import(_traces(reader, files or [], project, limit), out)
    done.malformed = reader.malformed
    done.redacted = reader.redactor.replaced if reader.redactor else 0
    typer.echo(json.dumps(vars(done)) if as_json else _said(done, redact=redact))


def _traces(
    reader: "Reader", files: list[Path], project: str | None, limit: int | None
) -> "Iterator[list[Run]]":
    if project is None:
        for path in files:
            yield from reader.read(path)
        return
    from evals.traces.langsmith import project_runs
    from state.settings import settings

    chosen = settings()
    key = chosen.langsmith_api_key.get_secret_value() if chosen.langsmith_api_key else None
    for line in project_runs(chosen.langsmith_endpoint, key, project, limit):
        yield reader.of_run(line)


def _import(traces: "Iterator[list[Run]]", out: Path | None) -> "Imported":
    from evals.traces.importing import save, write

    with _progress() as watch:
        if out is not None:
            return save(traces, out, watch)
        with stored.opened() as store:
            return write(traces, store, watch)


@contextmanager
def _progress() -> "Iterator[Callable[[Imported], None]]":
    """Progress on stderr: a line that changes on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("reading") as shown:
            yield lambda done: shown.update(_count(done))
        return
    last = time.monotonic()

    def line(done: "Imported") -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            typer.echo(_count(done), err=True)

    yield line


def _count(done: "Imported") -> str:
    return f"{done.traces:,} traces, {done.runs:,} runs"


def _said(done: "Imported", *, redact: bool) -> str:
    parts = [f"{_count(done)} imported"]
    parts += [f"{done.known:,} runs were there already"] if done.known else []
    parts += [f"{done.feedback:,} ratings"] if done.feedback else []
    parts += [f"{done.redacted:,} secrets and personal data replaced"] if redact else []
    parts += [f"{done.malformed:,} malformed lines left out"] if done.malformed else []
    return ", ".join(parts)
