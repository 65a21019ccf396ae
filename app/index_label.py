"""`warrant index label`: who may read what, by today's sidecars and rules."""

import json

import typer

from app.index_add import report_broken
from app.index_parts import Json, backend, embedder, rules
from state.errors import ExitCode

EPILOG = "Example: warrant index label --json"


def label(as_json: Json = False) -> None:
    """Apply changed sidecar files and label rules of the policy to everything that is indexed.

    No document is read. A file with an unclear sidecar is read by nobody; the exit code is then 5.
    """
    from tools.index.labels import Labels
    from tools.index.relabel import label as apply

    done = apply(backend(), embedder(), Labels(rules()))
    if as_json:
        broken = [one._asdict() for one in done.broken]
        typer.echo(json.dumps({**vars(done), "broken": broken}))
    else:
        typer.echo(f"{done.files} files looked at, {done.changed} sources have other readers.")
    report_broken(done.broken)
    if done.broken:
        raise typer.Exit(ExitCode.FAILED)
