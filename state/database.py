"""The database: its tables, how it is opened, and what its errors mean."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from state.errors import WarrantError

VERSION = 3
WAIT_SECONDS = 5
"""How long another process may hold the database, or a server may take to answer, unless the URL says so."""

SCHEMA = MetaData()

SCHEMA_VERSION = Table("schema_version", SCHEMA, Column("version", Integer, primary_key=True))

RUNS = Table(
    "runs",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("trace_id", Text, nullable=False),
    Column("dotted_order", Text, nullable=False),
    Column("parent_run_id", Text),
    Column("thread_id", Text),
    Column("name", Text, nullable=False),
    Column("run_type", Text, nullable=False),
    Column("start_time", Text, nullable=False),  # see `utc`
    Column("end_time", Text),
    Column("error", Text),
    Column("inputs", Text, nullable=False),  # JSON, as are the columns below
    Column("outputs", Text),
    Column("extra", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Index("runs_of_trace", "trace_id"),
    Index("traces_by_time", "parent_run_id", "start_time"),
    Index("traces_of_thread", "thread_id", "start_time"),
)

EFFECTS = Table(
    "effects",
    SCHEMA,
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),  # claimed, done, failed or unknown
    Column("scope", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("args_digest", Text, nullable=False),
    Column("output", Text),
    Column("error", Text),
    Column("claimed_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("plan", Text),
    Column("process", Text),  # JSON: the mark of the process that claimed it
    Column("until", Text),  # when its call is over, come what may
    Index("effects_of_scope", "scope"),
)

FEEDBACK = Table(
    "feedback",
    SCHEMA,
    Column("trace_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("score", Float),
    Column("comment", Text),
    Column("correction", Text),
    Column("created", Text, nullable=False),  # see `utc`
)

MIGRATIONS = {
    1: (
        "DROP INDEX effects_of_trace",
        "ALTER TABLE effects RENAME COLUMN trace_id TO scope",
        "ALTER TABLE effects ADD COLUMN plan TEXT",
        "ALTER TABLE effects ADD COLUMN process TEXT",
        "ALTER TABLE effects ADD COLUMN until TEXT",
    ),
    2: (),  # tables that are new are created anyway
}
"""Schema version → what makes the next one of it, in place, in SQLite and PostgreSQL alike."""


class StoreError(WarrantError):
    """The store cannot be used now; what was written before is safe."""


def open_engine(url: str, *, durable: bool) -> Engine:
    """Open the database and create what is missing of it.

    Args:
        url: SQLAlchemy URL; `postgresql://` means psycopg 3.
        durable: Whether a commit outlives a power cut. Without it a commit outlives the process but not the
            machine (SQLite's `synchronous=NORMAL`, PostgreSQL's `synchronous_commit=off`), and is faster.

    Raises:
        StoreError: the URL is unusable, the server does not answer, or the file cannot be opened.
    """
    where = _parsed(url)
    with explained(where):
        engine = _sqlite(where, durable) if where.get_backend_name() == "sqlite" else _server(where, durable)
        try:
            _create(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine


@contextmanager
def explained(where: URL) -> Iterator[None]:
    """Turn what a database driver raises into a StoreError that says the way out."""
    try:
        yield
    except DBAPIError as error:
        raise _explanation(where, str(error.orig)) from error
    except (SQLAlchemyError, OSError) as error:
        raise _explanation(where, str(error)) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The driver {error.name} of {_shown(where)} is not installed.",
            "For PostgreSQL run: pip install 'warrant[postgres]'.",
        ) from error


def _parsed(url: str) -> URL:
    usable = "Set WARRANT_STORE_URL to sqlite:///FILE or postgresql://…"
    try:
        where = make_url(url)
    except ArgumentError as error:
        raise StoreError("The store's URL cannot be read.", usable) from error
    if where.drivername in {"postgres", "postgresql"}:
        return where.set(drivername="postgresql+psycopg")
    if where.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"A store in {where.get_backend_name()} is not supported.", usable)
    if where.get_backend_name() == "sqlite" and where.database in {None, "", ":memory:"}:
        raise StoreError("A store in memory cannot be shared.", usable)
    return where


def _sqlite(where: URL, durable: bool) -> Engine:
    Path(str(where.database)).parent.mkdir(parents=True, exist_ok=True)
    patient = where.update_query_dict({"timeout": str(WAIT_SECONDS), **where.query})
    engine = create_engine(patient)

    @event.listens_for(engine, "connect")
    def prepare(connection: SqliteConnection, _record: object) -> None:
        use_wal(connection, float(str(patient.query["timeout"])))
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    return engine


def use_wal(connection: SqliteConnection, seconds: float = WAIT_SECONDS) -> None:
    """Let readers and a writer work at once; of two that switch a new file, SQLite does not let one wait."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.005)


def _server(where: URL, durable: bool) -> Engine:
    patient = where.update_query_dict({"connect_timeout": str(WAIT_SECONDS), **where.query})
    engine = create_engine(patient, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def prepare(connection: Connection) -> None:
        connection.execute(text(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}"))

    return engine


def _create(engine: Engine) -> None:
    """Create the tables, or bring them up to date, under a lock, since two processes may do so at once."""
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        connection.execute(text("BEGIN IMMEDIATE" if sqlite else "SELECT pg_advisory_xact_lock(7243891)"))
        connection.execute(CreateTable(SCHEMA_VERSION, if_not_exists=True))
        found = connection.execute(select(SCHEMA_VERSION.c.version)).scalar()
        if found is not None and found > VERSION:
            raise StoreError(
                f"The store {_shown(engine.url)} has schema {found}, newer than {VERSION}.",
                "Update Warrant, or set WARRANT_STORE_URL to another store.",
            )
        for version in range(found or VERSION, VERSION):
            for statement in MIGRATIONS[version]:
                connection.execute(text(statement))
        for table in SCHEMA.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
        if found is None:
            connection.execute(insert(SCHEMA_VERSION).values(version=VERSION))
        elif found < VERSION:
            connection.execute(update(SCHEMA_VERSION).values(version=VERSION))
        connection.commit()


def insertion(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do on a conflict."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _shown(where: URL) -> str:
    return where.database or "" if where.get_backend_name() == "sqlite" else where.render_as_string()


def _explanation(where: URL, problem: str) -> StoreError:
    problem = " ".join(problem.split())
    ways = {
        "locked": "Another process is writing; end it or try again.",
        "full": "Free some space on that disk, or set WARRANT_HOME to a folder on another one.",
        "not a database": "Move that file away; a new store is created in its place.",
        "readonly": "Make it writable, or set WARRANT_HOME to another folder.",
    }
    other = "Check WARRANT_STORE_URL and WARRANT_HOME, and that it can be written or reached."
    way = next((way for sign, way in ways.items() if sign in problem.lower()), other)
    return StoreError(f"The store {_shown(where)} cannot be used: {problem}.", way)
