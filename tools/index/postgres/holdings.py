"""What an index in PostgreSQL knows of itself and of the files that were read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.index.postgres.schema import Meta
from tools.index.records import Kept, Version
from tools.index.status import FailedFile, Status

if TYPE_CHECKING:
    from psycopg import Connection

BY_PATH = 'ORDER BY path COLLATE "C"'
"""The same on every server, whatever its language is."""


def status(connection: "Connection[Any]", schema: str, meta: Meta) -> Status:
    """What it holds."""
    counts = connection.execute(
        """SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM sources),
        (SELECT count(*) FROM passages),
        (SELECT max(read_at) FROM files), (SELECT min(read_at) FROM files WHERE read_at != '')"""
    ).fetchone() or (0, 0, 0, None, None)
    parts = _parts(connection, schema)
    failed = connection.execute(f"SELECT path, error FROM files WHERE error != '' {BY_PATH}")
    unfinished = connection.execute(f"SELECT path FROM files WHERE digest = '' AND error = '' {BY_PATH}")
    return Status(
        folder=shown(schema),
        embedding=meta.embedding,
        dimensions=meta.dimensions,
        version=meta.version,
        files=counts[0],
        sources=counts[1],
        passages=counts[2],
        last_read=counts[3] or None,
        oldest_read=counts[4],
        bytes=sum(parts.values()),
        parts=parts,
        embedded_anew=_embedded_anew(connection),
        roots=tuple(map(str, roots(connection))),
        failed=tuple(FailedFile(path=path, error=error) for path, error in failed),
        unfinished=tuple(path for (path,) in unfinished),
    )


def shown(schema: str) -> str:
    """Where it lies, for people; the address may hold a password."""
    return f"PostgreSQL, schema {schema}"


def kept(connection: "Connection[Any]") -> list[Kept]:
    """Every file that the index knows, as it was read, in the order of their paths."""
    rows = connection.execute(
        f"SELECT path, name, digest, error, size, modified, read_at FROM files {BY_PATH}"
    )
    return [
        Kept(Path(path), name, digest, error, Version(size, modified), read_at)
        for path, name, digest, error, size, modified, read_at in rows
    ]


def roots(connection: "Connection[Any]") -> list[Path]:
    """The folders that were added as a whole."""
    return [Path(path) for (path,) in connection.execute(f"SELECT path FROM roots {BY_PATH}")]


def knows(connection: "Connection[Any]", path: Path) -> bool:
    """Whether the index knows this file, or one in this folder."""
    query = "SELECT 1 FROM files WHERE path = %s OR starts_with(path, %s) LIMIT 1"
    return connection.execute(query, (str(path), f"{path}/")).fetchone() is not None


def rebuilt_with(connection: "Connection[Any]") -> set[str]:
    """The models with which an unfinished rebuild has begun to embed the passages."""
    return {model for (model,) in connection.execute("SELECT value FROM meta WHERE key = 'staged_model'")}


def _embedded_anew(connection: "Connection[Any]") -> dict[str, int]:
    values: dict[str, str] = dict(
        connection.execute("SELECT key, value FROM meta WHERE key IN ('staged', 'staged_model')").fetchall()
    )
    if "staged" not in values:
        return {}
    row = connection.execute(f"SELECT count(*) FROM {values['staged']}").fetchone()
    return {values["staged_model"]: row[0] if row else 0}


def _parts(connection: "Connection[Any]", schema: str) -> dict[str, int]:
    """Bytes of each table, with what belongs to it."""
    rows = connection.execute(
        """SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relkind = 'r' ORDER BY relname""",
        (schema,),
    )
    return dict(rows.fetchall())
