"""What the catalogue of an index knows of itself and of the files that were read."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from tools.index.local.catalogue import read_meta, reading
from tools.index.records import Kept, Version
from tools.index.status import FailedFile, Status


def status(folder: Path) -> Status:
    """Look at the index of this folder.

    Raises:
        UsageError: another version of Warrant wrote it.
        WarrantError: it is damaged or cannot be opened.
    """
    with reading(folder) as connection:
        if connection is None:
            return Status(folder=str(folder))
        meta = read_meta(connection)
        parts = _parts(folder)
        failed = connection.execute("SELECT path, error FROM files WHERE error != '' ORDER BY path")
        unfinished = connection.execute(
            "SELECT path FROM files WHERE digest = '' AND error = '' ORDER BY path"
        )
        return Status(
            folder=str(folder),
            embedding=meta.embedding,
            dimensions=meta.dimensions,
            version=meta.version,
            bytes=sum(parts.values()),
            parts=parts,
            roots=tuple(str(root) for root in _roots(connection)),
            failed=tuple(FailedFile(path=path, error=error) for path, error in failed),
            unfinished=tuple(path for (path,) in unfinished),
            **_counts(connection),
        )


def kept(folder: Path) -> list[Kept]:
    """Every file that the index knows, as it was read, in the order of their paths."""
    with reading(folder) as connection:
        if connection is None:
            return []
        read_meta(connection)
        rows = connection.execute(
            "SELECT path, name, digest, error, size, modified, read_at FROM files ORDER BY path"
        )
        return [
            Kept(Path(path), name, digest, error, Version(size, modified), read_at)
            for path, name, digest, error, size, modified, read_at in rows
        ]


def roots(folder: Path) -> list[Path]:
    """The folders that were added as a whole."""
    with reading(folder) as connection:
        return _roots(connection) if connection else []


def rebuilt_with(folder: Path) -> set[str]:
    """The models with which an unfinished `--rebuild` has begun to embed the passages."""
    with reading(folder) as connection:
        return (
            {model for (model,) in connection.execute("SELECT DISTINCT model FROM staged")}
            if connection
            else set()
        )


def knows(folder: Path, path: Path) -> bool:
    """Whether the index knows this file, or one in this folder."""
    with reading(folder) as connection:
        query = "SELECT 1 FROM files WHERE path = ? OR (path > ? AND path < ?) LIMIT 1"
        # "0" is the character after "/".
        values = (str(path), f"{path}/", f"{path}0")
        return bool(connection and connection.execute(query, values).fetchone())


def _roots(connection: sqlite3.Connection) -> list[Path]:
    return [Path(path) for (path,) in connection.execute("SELECT path FROM roots ORDER BY path")]


def _counts(connection: sqlite3.Connection) -> dict[str, Any]:
    counts: dict[str, Any] = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("files", "sources", "passages")
    }
    counts["last_read"], counts["oldest_read"] = connection.execute(
        "SELECT max(read_at), min(read_at) FROM files WHERE read_at != ''"
    ).fetchone()
    counts["embedded_anew"] = dict(connection.execute("SELECT model, count(*) FROM staged GROUP BY model"))
    return counts


def _parts(folder: Path) -> dict[str, int]:
    """Bytes of each thing that lies in the folder; a file that goes away meanwhile counts nothing."""
    sizes: Counter[str] = Counter()
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                # The write-ahead log belongs to the database beside it.
                sizes[file.relative_to(folder).parts[0].removesuffix("-wal").removesuffix("-shm")] += (
                    file.stat().st_size
                )
        except FileNotFoundError:
            continue
    return dict(sorted(sizes.items()))
