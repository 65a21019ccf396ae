"""Read-only SQL: the tool `query_database`, over one SQLite file or PostgreSQL server.

The statement is checked first (`tools/statement.py`), and the connection could not write either
(`tools/database.py`).
"""

import asyncio
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from state.errors import UsageError
from state.local_policy import SqlPolicy
from state.schema import Json
from tools.capability import Caller, Capability, typed
from tools.database import Database, PostgresServer, Row, SqliteFile, too_large

SUPPORTED = "Give sqlite:///FILE or postgresql://… in WARRANT_SQL_URL or sql.url."


class Query(BaseModel):
    """What is asked of the database."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1,
        max_length=4_000,
        description="One SELECT statement; computed columns are named with AS.",
    )


class Rows(BaseModel):
    """What the database answers."""

    rows: list[dict[str, Json]] = Field(description="Each row as an object of columns and values.")
    truncated: bool = Field(description="Whether there are more rows than these.")


def query_database(url: str, policy: SqlPolicy) -> Capability:
    """The tool `query_database`; nothing is opened before it is called.

    Raises:
        UsageError: the URL cannot be read, or is neither of SQLite nor of PostgreSQL.
    """
    database = _database(url, policy)

    async def run(asked: Query, _caller: Caller) -> Rows:
        return await asyncio.to_thread(_answer, database, policy, asked.query)

    tables = "; ".join(f"{name}: {told}" if told else name for name, told in policy.tables.items())
    dialect = "SQLite" if isinstance(database, SqliteFile) else "PostgreSQL"
    description = f"Reads a {dialect} database with one SELECT. Tables: {tables}"
    return typed("query_database", description, Query, Rows, run, control=("query",))


def _answer(database: Database, policy: SqlPolicy, query: str) -> Rows:
    from tools.statement import checked

    statement = checked(query, database.dialect, policy.tables, policy.functions)
    with closing(database.rows(statement)) as rows:
        return _bounded(rows, policy)


def _bounded(rows: Iterable[Row], policy: SqlPolicy) -> Rows:
    kept: list[Row] = []
    size = 0
    for row in rows:
        size += len(json.dumps(row, ensure_ascii=False).encode())
        if size > policy.bytes and not kept:
            raise too_large(policy)
        if size > policy.bytes or len(kept) == policy.rows:
            return Rows(rows=kept, truncated=True)
        kept.append(row)
    return Rows(rows=kept, truncated=False)


def _database(url: str, policy: SqlPolicy) -> Database:
    try:
        where = make_url(url)
    except ArgumentError as error:
        raise UsageError("The URL of the database for query_database cannot be read.", SUPPORTED) from error
    backend = where.get_backend_name()
    if backend == "sqlite" and where.database not in {None, "", ":memory:"}:
        return SqliteFile(Path(str(where.database)), policy)
    if backend in {"postgres", "postgresql"}:
        return PostgresServer(where, policy)
    raise UsageError(f"query_database does not read {backend} databases of this kind.", SUPPORTED)
