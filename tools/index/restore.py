"""Putting a snapshot in the place of an index, at once or not at all."""

import filecmp
import gzip
import hashlib
import os
import shutil
import sqlite3
import tarfile
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from state.errors import UsageError, WarrantError
from tools.index import derived
from tools.index.archive import Report, staged
from tools.index.errors import DamagedError
from tools.index.local.catalogue import (
    BUSY_SECONDS,
    DERIVED,
    FORMAT,
    NAME,
    read_meta,
    reading,
    reported,
)
from tools.index.local.lock import exclusive
from tools.index.manifest import KIND, MANIFEST, MAX_MANIFEST_BYTES, BadSnapshotError, Manifest

BLOCK = 1 << 20


def restore(folder: Path, file: Path, report: Report, *, force: bool = False) -> Path | None:
    """Put the index of a snapshot in the place of that of the folder; searches go on meanwhile.

    The catalogue is replaced in one transaction; before it the old index serves, after it the new one.

    Returns:
        Where a damaged index was moved that was in its place.

    Raises:
        UsageError: there is an index, and `force` is false; or there is no such file.
        BadSnapshotError: the file is not a whole snapshot of this version; nothing was changed.
        BusyError: another process is writing to the index.
        WarrantError: there is no space left; the old index stays.
    """
    with reported(folder):
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise UsageError(
                f"There is an index in {folder} already.", "To put the snapshot in its place: --force."
            )
        with staged(folder) as staging:
            report(f"reading {file}")
            manifest = _unpack(file, staging)
            _prepare(file, staging)
            report("waiting for the index")
            with exclusive(folder):
                report("putting it in place")
                aside = _make_way(folder)
                _switch(staging, folder)
    report(f"telling Chroma of {manifest.passages:,} passages")
    derived.refill(folder)
    return aside


def _unpack(file: Path, staging: Path) -> Manifest:
    """The parts of the snapshot, each compared with its digest."""
    try:
        with tarfile.open(file, "r|gz") as archive:
            manifest = _manifest(file, archive, staging)
            members = iter(archive.next, None)
            seen = {_take(file, archive, member, manifest, staging) for member in members}
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {file}.", "Correct its name.") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadSnapshotError(file, f"it is damaged or no snapshot ({error})") from error
    if seen != manifest.parts.keys():
        raise BadSnapshotError(file, "parts of it are missing")
    return manifest


def _manifest(file: Path, archive: tarfile.TarFile, staging: Path) -> Manifest:
    member = archive.next()
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > MAX_MANIFEST_BYTES:
        raise BadSnapshotError(file, "it is no snapshot")
    try:
        manifest = Manifest.model_validate_json(_opened(archive, member).read())
    except ValidationError as error:
        raise BadSnapshotError(file, "its manifest cannot be read") from error
    if manifest.kind != KIND:
        raise BadSnapshotError(file, "it is no snapshot")
    if manifest.format != FORMAT:
        raise BadSnapshotError(file, f"it has format {manifest.format}, not {FORMAT}")
    if NAME not in manifest.parts or not all(map(_is_part, manifest.parts)):
        raise BadSnapshotError(file, "it has parts that no index has")
    needed = sum(part.size for part in manifest.parts.values())
    if needed > (free := shutil.disk_usage(staging).free):
        raise WarrantError(
            f"{file} needs {needed / 1e6:,.0f} MB in {staging.parent}, and {free / 1e6:,.0f} MB are free.",
            "Make room, or set WARRANT_HOME to a folder on another disk.",
        )
    return manifest


def _is_part(name: str) -> bool:
    """Whether it is the catalogue, or a file of a folder that belongs to an index."""
    parts = name.split("/")
    return name == NAME or (
        parts[0] in DERIVED
        and len(parts) > 1
        and not any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts)
    )


def _take(
    file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest, staging: Path
) -> str:
    """Write a member if it is what the manifest says; links and devices never are."""
    part = manifest.parts.get(member.name)
    target = staging / member.name
    if part is None or not member.isreg() or member.size != part.size or target.exists():
        raise BadSnapshotError(file, f"{member.name!r:.80} does not belong in it")
    target.parent.mkdir(parents=True, exist_ok=True)
    computed = hashlib.sha256()
    content = _opened(archive, member)
    with target.open("xb") as written:
        while block := content.read(BLOCK):
            computed.update(block)
            written.write(block)
        os.fsync(written.fileno())
    if f"sha256:{computed.hexdigest()}" != part.digest:
        raise BadSnapshotError(file, f"{member.name} is damaged")
    return member.name


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None
    return content


def _prepare(file: Path, staging: Path) -> None:
    """Make the catalogue one that no reader mistakes for another, once it is certain that it is one."""
    try:
        with closing(sqlite3.connect(staging / NAME, isolation_level=None)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            active = "SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')"
            if said != "ok" or connection.execute(active).fetchone():
                raise BadSnapshotError(file, "its catalogue is not one of an index")
            read_meta(connection)
            connection.execute("BEGIN")
            derived.renew(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise BadSnapshotError(file, f"its catalogue cannot be read ({error})") from error


def _make_way(folder: Path) -> Path | None:
    """Move an index away that cannot be opened, for one that can is replaced in place."""
    aside = None
    try:
        with reading(folder) as connection:
            if connection is not None:
                read_meta(connection)
    except (DamagedError, UsageError):
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = folder.with_name(f"{folder.name}.damaged-{moment}")
        folder.rename(aside)
    folder.mkdir(exist_ok=True)
    return aside


def _switch(staging: Path, folder: Path) -> None:
    """Put the parts beside those of the old index, and then the catalogue in one transaction."""
    for name in DERIVED:
        for part in sorted((staging / name).glob("*")):
            (folder / name).mkdir(exist_ok=True)
            _place(part, folder / name / part.name)
    with (
        closing(sqlite3.connect(staging / NAME)) as ours,
        closing(sqlite3.connect(folder / NAME, timeout=BUSY_SECONDS)) as theirs,
    ):
        theirs.execute("PRAGMA journal_mode = WAL")
        ours.backup(theirs)


def _place(part: Path, target: Path) -> None:
    """Put a folder in its place; one of the same name and content, which readers may have open, stays."""
    if target.exists():
        names = sorted(path.name for path in part.iterdir())
        if filecmp.cmpfiles(part, target, names, shallow=False)[0] == names:
            return
        target.rename(part.with_name(f"{part.name}.before"))
    part.rename(target)
