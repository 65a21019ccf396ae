"""`warrant index check`: find what is damaged, and make it good."""

import json
from typing import Annotated

import typer

from app.index_parts import Json, embedder, local
from state.errors import ExitCode

EPILOG = "Example: warrant index check --repair"


def check(
    repair: Annotated[
        bool, typer.Option("--repair", help="Make anew what can be made from the rest of the index.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare everything that the index keeps with its digests and with the rest of it.

    The exit code is 5 if something is damaged that was not repaired.
    """
    from tools.index.local.check import LOST
    from tools.index.local.check import check as look
    from tools.index.local.repair import repair as mend

    index = local("Let it look for damage itself: `pg_amcheck`.")
    found = mend(index, embedder()) if repair else look(index)
    left = look(index) if repair and found else found
    lost = any(not fault.repairable for fault in left)
    way_out = LOST if lost else "Run `warrant index check --repair`." if left else ""
    if as_json:
        shown = {
            "faults": [one.model_dump() for one in found],
            "left": [one.model_dump() for one in left],
            "way_out": way_out,
        }
        typer.echo(json.dumps(shown))
    else:
        for fault in found:
            typer.echo(f"{'damaged' if fault in left else 'repaired'}: {fault.part}: {fault.problem}")
        typer.echo(way_out or "The index is sound.")
        if repair and found and not left:
            typer.echo("Run `warrant index add`: what was removed is read again.")
    if left:
        raise typer.Exit(ExitCode.FAILED)
