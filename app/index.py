"""`warrant index`: add documents, see what is there, look at retrieval alone."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from models.embeddings.names import Embedder
    from state.label_policy import LabelRule
    from tools.index.files import Broken
    from tools.index.ingest import Report, Summary

LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""
SHOWN_PROBLEMS = 20

commands = typer.Typer(help="Add documents to the index, and look into it.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command(epilog="Example: warrant index add docs/ handbook.pdf --prune")
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

    A file that cannot be read is reported and skipped; the exit code is then 5.
    """
    from tools.index.ingest import add as ingest

    if not paths and not rebuild:
        raise UsageError("Nothing to add.", "Name files or folders: `warrant index add PATH`.")
    folder, embedder, rules = _parts()
    with _progress() as report:
        summary = ingest(
            folder, embedder, paths or [], prune=prune, rebuild=rebuild, report=report, rules=rules
        )
    if as_json:
        broken = [one._asdict() for one in summary.broken]
        typer.echo(json.dumps({**vars(summary), "broken": broken}))
    else:
        typer.echo(
            f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged, "
            f"{summary.removed} removed; {summary.passages} passages written."
        )
        if summary.relabelled:
            typer.echo(f"{summary.relabelled} sources have other readers.")
    _report_broken(summary.broken)


@commands.command(epilog="Example: warrant index label --json")
def label(as_json: Json = False) -> None:
    """Apply changed sidecar files and label rules of the policy to everything that is indexed.

    No document is read. A file with an unclear sidecar is read by nobody; the exit code is then 5.
    """
    from tools.index.labels import Labels
    from tools.index.relabel import label as apply

    folder, embedder, rules = _parts()
    done = apply(folder, embedder, Labels(rules))
    if as_json:
        broken = [one._asdict() for one in done.broken]
        typer.echo(json.dumps({**vars(done), "broken": broken}))
    else:
        typer.echo(f"{done.files} files looked at, {done.changed} sources have other readers.")
    _report_broken(done.broken)


@commands.command(epilog="Example: warrant index status --json")
def status(as_json: Json = False) -> None:
    """Show what the index holds, and which files could not be read."""
    from state.settings import settings
    from tools.index.search import NOTHING
    from tools.index.status import status as look

    found = look(settings().home / "index")
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(
        f"{found.files} files, {found.sources} sources, {found.passages} passages, "
        f"{found.bytes / 1e6:.1f} MB in {found.folder}"
    )
    typer.echo(
        f"embedding model {found.embedding}, {found.dimensions} dimensions" if found.embedding else NOTHING
    )
    for file in found.failed:
        typer.echo(f"failed: {file.path}: {file.error}")


@commands.command(epilog='Example: warrant index search "return shipping" --passages 3')
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    passages: Annotated[
        int | None, typer.Option(min=1, max=50, help="How many; the policy's number if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the passages that fit best, with their scores: retrieval alone, without an answer."""
    from state.label_policy import rules_digest
    from state.policy import load_policy
    from state.settings import settings
    from tools.index.search import NOTHING, Index

    policy = load_policy(settings().policy).retrieval
    folder, embedder, rules = _parts()
    index = Index(folder, embedder, rules=rules_digest(rules))
    count = passages or policy.passages
    found = index.search(query, count, policy.candidates, settings().held_labels())
    if as_json:
        typer.echo(json.dumps({"passages": [one.model_dump(mode="json") for one in found]}))
        return
    if not found:
        typer.echo(NOTHING if index.is_empty() else "Nothing found.", err=True)
    for passage in found:
        typer.echo(f"{passage.scores.fused:.4f}  {passage.source} [{passage.start}:{passage.end}]")
        typer.echo(f"        {' > '.join(passage.title)}\n        {' '.join(passage.text.split())[:200]}")


def _parts() -> "tuple[Path, Embedder, tuple[LabelRule, ...]]":
    from models.embeddings.names import resolve
    from state.policy import load_policy
    from state.settings import settings

    policy = load_policy(settings().policy)
    return settings().home / "index", resolve(policy.models.embedding), policy.retrieval.labels


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


def _report_broken(broken: "list[Broken]") -> None:
    for source, error in broken[:SHOWN_PROBLEMS]:
        typer.echo(f"skipped {source}: {error}", err=True)
    if (more := len(broken) - SHOWN_PROBLEMS) > 0:
        typer.echo(f"skipped {more} more; --json names them all", err=True)
    if broken:
        raise typer.Exit(ExitCode.FAILED)
