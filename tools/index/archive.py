"""Snapshots of an index: one file that holds what cannot be made anew."""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from state.errors import UsageError
from tools.index.local import blocks
from tools.index.local.catalogue import FORMAT, NAME, legible, read_meta, reading, reported
from tools.index.manifest import KIND, MANIFEST, Manifest, Part

ATTEMPTS = 5

Report = Callable[[str], None]
"""Is told in a few words what is being done."""


def snapshot(folder: Path, file: Path, report: Report) -> Manifest:
    """Write the index of this folder to a compressed archive, as it is at one moment; others go on using it.

    Raises:
        UsageError: there is no index.
        WarrantError: it is damaged, or there is no space left; a file that was there before stays.
    """
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    with reported(folder), staged(folder) as staging:
        report("copying the index")
        _copy(folder, staging)
        report("computing digests")
        manifest = _describe(staging)
        report(f"writing {file}")
        try:
            _write(staging, manifest, partial)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    return manifest


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder beside the index, on the same disk; what killed processes left of theirs is removed."""
    for left in folder.parent.glob(f"{folder.name}.staging-*"):
        if not _is_alive(left.name.rpartition("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    staging = folder.with_name(f"{folder.name}.staging-{os.getpid()}")
    staging.mkdir(parents=True)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _copy(folder: Path, staging: Path) -> None:
    """One version of the catalogue, and the files that it needs, into the staging folder."""
    for attempt in range(ATTEMPTS):
        with reading(folder) as connection:
            if connection is None:
                raise UsageError(
                    f"There is no index in {folder}.", "Add documents: `warrant index add PATH`."
                )
            with closing(sqlite3.connect(staging / NAME)) as copy:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                needed = _immutable(copy)
        try:
            for name in needed:
                _link(folder / name, staging / name)
        except FileNotFoundError:
            # A writer may have put other files in the place of these meanwhile.
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def _immutable(connection: sqlite3.Connection) -> list[str]:
    """Files beside the catalogue that this version of it needs, relative to the folder of the index."""
    rows = connection.execute("SELECT folder, digests FROM blocks ORDER BY folder")
    with legible():
        return [
            f"{blocks.FOLDER}/{folder}/{name}" for folder, digests in rows for name in json.loads(digests)
        ]


def _link(source: Path, target: Path) -> None:
    """Immutable files take no space twice where the disk can hold them under two names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _describe(staging: Path) -> Manifest:
    parts = {
        path.relative_to(staging).as_posix(): Part(size=path.stat().st_size, digest=_digest(path))
        for path in sorted(staging.rglob("*"))
        if path.is_file()
    }
    with reading(staging) as connection:
        assert connection is not None
        meta = read_meta(connection)
        (passages,) = connection.execute("SELECT count(*) FROM passages").fetchone()
    return Manifest(
        kind=KIND,
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        embedding=meta.embedding,
        passages=passages,
        parts=parts,
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _write(staging: Path, manifest: Manifest, target: Path) -> None:
    # It holds every document, whoever may read it in the index.
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    (staging / MANIFEST).write_text(manifest.model_dump_json(), "utf-8")
    with (
        os.fdopen(descriptor, "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in (MANIFEST, *manifest.parts):
            archive.add(staging / name, name, filter=_anonymous)
        archive.close()
        file.flush()
        os.fsync(file.fileno())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
