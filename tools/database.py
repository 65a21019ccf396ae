"""Databases that are only read: a SQLite file under an authorizer, PostgreSQL in read-only transactions."""

import json
import math
import sqlite3
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from state.local_policy import SqlPolicy
from state.plain import INTEGERS
from state.schema import Json
from tools.capability import ToolError

STEPS = 10_000
"""Instructions of SQLite's virtual machine between two looks at the clock."""
VALUE_BYTES = 10_000_000
"""Longest text that a SQLite query may build on its way; a row that is read may be longer than the result."""
BATCH = 50
CONNECT_SECONDS = 5

Row: TypeAlias = dict[str, Json]


class Database(Protocol):
    """A database that is only read."""

    dialect: str

    def rows(self, statement: str) -> Generator[Row]:
        """Run a checked statement, within the time of the policy."""
        ...


class SqliteFile:
    """A SQLite file, opened anew for each query."""

    dialect = "sqlite"

    def __init__(self, path: Path, policy: SqlPolicy) -> None:
        self._path = path
        self._policy = policy

    def rows(self, statement: str) -> Generator[Row]:
        """Run a checked statement."""
        with _sqlite_errors(self._policy.seconds), closing(self._connect()) as connection:
            self._bind(connection)
            cursor = connection.execute(statement)
            names = _distinct([column[0] for column in cursor.description])
            for values in cursor:
                yield {name: _cell(value) for name, value in zip(names, values, strict=True)}

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, timeout=self._policy.seconds, isolation_level=None)

    def _bind(self, connection: sqlite3.Connection) -> None:
        """Take from the connection whatever a SELECT does not need."""
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(VALUE_BYTES, self._policy.bytes))
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        readable = _readable(connection, self._policy.tables)
        deadline = time.monotonic() + self._policy.seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)

        def authorize(action: int, first: str | None, *_rest: str | None) -> int:
            harmless = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
            allowed = action in harmless or (action == sqlite3.SQLITE_READ and str(first).lower() in readable)
            return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

        connection.set_authorizer(authorize)


def _readable(connection: sqlite3.Connection, tables: Iterable[str]) -> set[str]:
    """The tables, and those below the views among them."""
    seen: set[str] = set()

    def note(action: int, first: str | None, *_rest: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            seen.add(str(first).lower())
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    for table in tables:
        quoted = ".".join(f'"{part}"' for part in table.replace('"', "").split("."))
        connection.execute(f"SELECT * FROM {quoted} LIMIT 0")
    return seen


@contextmanager
def _sqlite_errors(seconds: float) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _failure(str(error), "interrupted" in str(error), seconds) from error


class PostgresServer:
    """A PostgreSQL server, with a connection for each query."""

    dialect = "postgres"

    def __init__(self, where: URL, policy: SqlPolicy) -> None:
        self._where = where.set(drivername="postgresql+psycopg").update_query_dict(
            {
                "connect_timeout": str(CONNECT_SECONDS),
                **where.query,
                "options": " ".join([*_options(where), *_bounds(policy)]),
            }
        )
        self._policy = policy

    def rows(self, statement: str) -> Generator[Row]:
        """Run a checked statement; the server writes each row as JSON and cuts it off at the bound."""
        limit = self._policy.bytes
        wrapped = f"SELECT left(row_to_json(q.*)::text, {limit + 1}) FROM ({statement}) AS q"
        deadline = time.monotonic() + self._policy.seconds
        with _postgres_errors(self._policy.seconds), self._stream(wrapped) as texts:
            for text in texts:
                if time.monotonic() > deadline:
                    raise _too_slow(self._policy.seconds)
                if len(text) > limit:
                    raise too_large(self._policy)
                yield json.loads(text, parse_int=_integer, object_pairs_hook=_object)

    @contextmanager
    def _stream(self, statement: str) -> Iterator[Iterable[str]]:
        with create_engine(self._where, poolclass=NullPool).connect() as connection:
            # Streaming declares a cursor, which PostgreSQL does for a single SELECT only.
            streaming = connection.execution_options(
                postgresql_readonly=True, no_parameters=True, stream_results=True, yield_per=BATCH
            )
            with streaming.exec_driver_sql(statement) as result:
                yield result.scalars()


def _options(where: URL) -> list[str]:
    given = where.query.get("options", ())
    return [given] if isinstance(given, str) else list(given)


def _bounds(policy: SqlPolicy) -> list[str]:
    milliseconds = max(1, math.ceil(policy.seconds * 1000))
    return ["-c default_transaction_read_only=on", f"-c statement_timeout={milliseconds}"]


@contextmanager
def _postgres_errors(seconds: float) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        problem = str(error.orig).strip().partition("\n")[0]
        raise _failure(problem, "statement timeout" in problem, seconds) from error
    except ModuleNotFoundError as error:
        raise ToolError(
            f"The driver {error.name} is not installed.", "Run: pip install 'warrant[postgres]'."
        ) from error


def _failure(problem: str, timed_out: bool, seconds: float) -> ToolError:
    if timed_out:
        return _too_slow(seconds)
    return ToolError(f"The database says: {problem}.", "Correct the query, or check the database.")


def _too_slow(seconds: float) -> ToolError:
    return ToolError(f"The query took longer than {seconds:g} s.", "Ask for less, or with a narrower WHERE.")


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ToolError("Two columns of the result have one name.", "Name them apart with AS.")
    return names


def _object(pairs: list[tuple[str, Json]]) -> Row:
    _distinct([name for name, _ in pairs])
    return dict(pairs)


def _integer(digits: str) -> int | float:
    """JSON has no bound for integers, but what keeps them has."""
    value = int(digits) if len(digits) <= 20 else float(digits)
    return value if value in INTEGERS else float(value)


def _cell(value: float | str | bytes | None) -> Json:
    """A value of SQLite as PostgreSQL would write it in JSON."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def too_large(policy: SqlPolicy) -> ToolError:
    """The error of a row that alone is larger than a result may be."""
    return ToolError(f"A row has more than {policy.bytes} bytes.", "Select fewer or shorter columns.")
