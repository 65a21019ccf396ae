"""`warrant index status`: what the index holds, and whether it is still what the files say."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.index_parts import SHOWN, Json, backend
from state.errors import ExitCode

if TYPE_CHECKING:
    from tools.index.freshness import Freshness
    from tools.index.status import Status

EPILOG = "Example: warrant index status --strict"


def status(
    as_json: Json = False,
    check_files: Annotated[
        bool, typer.Option("--check-files/--no-check-files", help="Compare the index with its files.")
    ] = True,
    hashed: Annotated[
        bool, typer.Option("--hash", help="Compare contents: read every file, not sizes and times alone.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 if the index is not what its files say.")
    ] = False,
) -> None:
    """Show what the index holds, and which files are stale, missing, new, failed or unfinished."""
    from tools.index.freshness import freshness

    index = backend()
    found = index.status()
    fresh = freshness(index.kept(), index.roots(), hashed=hashed) if check_files or hashed else None
    if as_json:
        differs = fresh.model_dump(mode="json") if fresh else None
        typer.echo(json.dumps({**found.model_dump(mode="json"), "freshness": differs}))
    else:
        _show(found)
        _show_files(found, fresh)
    if strict and (found.failed or found.unfinished or (fresh and not fresh.is_current())):
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(found: "Status") -> None:
    from tools.index.search import NOTHING

    parts = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in found.parts.items())
    typer.echo(
        f"{found.files} files, {found.sources} sources, {found.passages} passages, "
        f"{found.bytes / 1e6:.1f} MB in {found.folder}{f' ({parts})' if parts else ''}"
    )
    if not found.embedding:
        typer.echo(NOTHING)
        return
    typer.echo(f"embedding model {found.embedding}, {found.dimensions} dimensions; version {found.version}")
    if found.last_read and found.oldest_read:
        typer.echo(
            f"last read {_minute(found.last_read)}; the oldest reading is of {_minute(found.oldest_read)}"
        )
    for model, passages in found.embedded_anew.items():
        typer.echo(
            f"{passages} of {found.passages} passages are embedded anew with {model}: "
            "`warrant index add --rebuild` goes on"
        )


def _show_files(found: "Status", fresh: "Freshness | None") -> None:
    """The files that need something, and the command that gives it."""
    _name("failed", (f"{file.path}: {file.error}" for file in found.failed))
    _name("unfinished", found.unfinished)
    again = len(found.unfinished)
    if fresh:
        _name("stale", (f"{file.path}: {file.why}" for file in fresh.stale))
        _name("new", fresh.new)
        _name("missing", fresh.missing)
        _name("unreadable", (f"{file.path}: {file.why}" for file in fresh.unreadable))
        again += len(fresh.stale) + len(fresh.new)
        if found.files and fresh.is_current() and not (again or found.failed):
            typer.echo("Every file is as it was read.")
    if again:
        typer.echo(f"{again} to be read: `warrant index add` reads what changed.")
    if fresh and fresh.missing:
        typer.echo(f"{len(fresh.missing)} gone, but still found: `warrant index add --prune` removes them.")


def _name(what: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    for line in lines[:SHOWN]:
        typer.echo(f"{what}: {line}")
    if len(lines) > SHOWN:
        typer.echo(f"{what}: {len(lines) - SHOWN} more; --json names them all")


def _minute(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M UTC")
