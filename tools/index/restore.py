"""Putting a snapshot in the place of an index, at once or not at all."""

import filecmp
import gzip
import hashlib
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from state.errors import UsageError, WarrantError
from tools.index.archive import Report, staged
from tools.index.errors import DamagedError
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import (
    BUSY_SECONDS,
    DERIVED,
    FORMAT,
    NAME,
    Meta,
    read_meta,
    reading,
    reported,
)
from tools.index.local.graphs import Graphs
from tools.index.local.lock import exclusive
from tools.index.manifest import KIND, MANIFEST, MAX_MANIFEST_BYTES, BadSnapshotError, Manifest

BLOCK = 1 << 20


def restore(index: LocalBackend, file: Path, report: Report, *, force: bool = False) -> Path | None:
    """Put the index of a snapshot in the place of that which is there; searches go on meanwhile.

    The catalogue is replaced in one transaction; before it the old index serves, after it the new one.

    Returns:
        Where a damaged index was moved that was in its place.

    Raises:
        UsageError: there is an index, and `force` is false; or there is no such file.
        BadSnapshotError: the file is not a whole snapshot of this version; nothing was changed.
        BusyError: another process is writing to the index.
        WarrantError: there is no space left; the old index stays.
    """
    folder = index.folder
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
                before, aside = _make_way(folder)
                _switch(staging, folder)
    report(f"telling Chroma of {manifest.passages:,} passages")
    _refill(index)
    if before is not None and index.chroma_url and before.graphs == index.chroma_url:
        _retire(index, before)
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
            _renew(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise BadSnapshotError(file, f"its catalogue cannot be read ({error})") from error


def _renew(connection: sqlite3.Connection) -> None:
    """Make a copy of a catalogue one of its own, which no reader mistakes for that which it knows."""
    connection.execute("UPDATE meta SET value = ? WHERE key = 'build'", (uuid4().hex,))
    connection.execute("UPDATE meta SET value = '' WHERE key = 'graphs'")
    connection.execute("UPDATE blocks SET told = 0")
    connection.execute("DELETE FROM due")


def _refill(index: LocalBackend) -> None:
    """Let a writer settle what a restored catalogue left to do; nothing is embedded."""
    meta = index.status()
    with index.writing(_Named(meta.embedding or "", meta.dimensions or 0)):
        pass


@dataclass(frozen=True)
class _Named:
    """The model of an index, for writing that embeds nothing."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


def _retire(index: LocalBackend, before: Meta) -> None:
    """Remove what our Chroma server has of the index that was replaced; the folder is cleared by writers."""
    with closing(Graphs(index.folder, index.chroma_url)) as graphs:
        graphs.keep(set(), before)


def _make_way(folder: Path) -> tuple[Meta | None, Path | None]:
    """What is to be replaced in place, if it can be opened; else where it was moved."""
    before = aside = None
    try:
        with reading(folder) as connection:
            if connection is not None:
                before = read_meta(connection)
    except (DamagedError, UsageError):
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = folder.with_name(f"{folder.name}.damaged-{moment}")
        folder.rename(aside)
    folder.mkdir(exist_ok=True)
    return before, aside


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
