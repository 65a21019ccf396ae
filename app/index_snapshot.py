"""`warrant index snapshot` and `restore`: one file that an index can be had from again."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.index_parts import Json, local
from state.errors import UsageError

SNAPSHOT_EPILOG = "Example: warrant index snapshot backup/index.tar.gz"
RESTORE_EPILOG = "Example: warrant index restore backup/index.tar.gz --force"


def snapshot(
    file: Annotated[Path, typer.Argument(help="Where to write it, FILE.tar.gz.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Write the index to one file, as it is at one moment, while others read it and write to it.

    The file holds the texts of all documents, whoever may read them: keep it as safe as these.
    """
    from tools.index.archive import snapshot as write

    if not file.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {file.absolute().parent}.", "Make it first.")
    index = local("Let it write the tables of the index: `pg_dump --schema=warrant_index --format=custom`.")
    manifest = write(index.folder, file.absolute(), _progress)
    size = file.stat().st_size
    if as_json:
        typer.echo(
            json.dumps({**manifest.model_dump(exclude={"parts", "kind"}), "file": str(file), "bytes": size})
        )
    else:
        typer.echo(f"{manifest.passages} passages, {size / 1e6:.1f} MB in {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `snapshot` has written.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace the index that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Put the index of a snapshot in place. It is verified first; until then the old one serves."""
    from tools.index.restore import restore as put

    index = local("Let it read what `pg_dump` has written: `pg_restore --dbname=URL FILE`.")
    aside = put(index, file, _progress, force=force)
    found = index.status()
    if as_json:
        shown = {
            "passages": found.passages,
            "embedding": found.embedding,
            "moved_away": str(aside) if aside else None,
        }
        typer.echo(json.dumps(shown))
        return
    typer.echo(f"{found.passages} passages restored, embedding model {found.embedding}.")
    if aside:
        typer.echo(f"The damaged index was moved to {aside}.")
    typer.echo("See what changed since then: `warrant index status`.")


def _progress(doing: str) -> None:
    typer.echo(doing, err=True)
