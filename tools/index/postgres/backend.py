"""An index in PostgreSQL as a backend: connections, the lock of the one writer, and what is there."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any

from models.embeddings.names import Embedder
from tools.index.backend import Labelled, Reader, Writer
from tools.index.errors import BusyError
from tools.index.postgres import holdings
from tools.index.postgres.reader import PostgresReader
from tools.index.postgres.schema import NAME, Meta, check_embedding, connect, create, read_meta, reported
from tools.index.postgres.writer import PostgresWriter
from tools.index.records import Kept
from tools.index.status import Status

if TYPE_CHECKING:
    from psycopg import Connection

EXACT_BELOW = 10_000
"""Passages; with fewer, comparing with every vector is fast, and exact."""
IDLE = 8
"""Connections that are kept open for the next search."""
WAIT_SECONDS = 10.0
ATTEMPTS = 5
"""Times that a reader looks again for vectors of which a newer model took the place."""
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresBackend:
    """See `tools.index.backend.Backend`."""

    def __init__(
        self, url: str, schema: str = NAME, exact_below: int = EXACT_BELOW, wait: float = WAIT_SECONDS
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: `postgresql://…`, as libpq or SQLAlchemy writes it.
            schema: Holds the tables; one for each index.
            exact_below: With fewer readable passages every vector is compared.
            wait: Seconds to wait for another writer.
        """
        self._url = url
        self.schema = schema
        self._exact_below = exact_below
        self._wait = wait
        self._idle: LifoQueue[Connection[Any]] = LifoQueue(IDLE)

    @contextmanager
    def reading(self, embedder: Embedder, labels: frozenset[str]) -> Iterator[Reader | None]:
        """One version, as a holder of these ACL labels may read it; None if there is no index yet."""
        with self._snapshot() as connection:
            meta = self._hold(connection)
            if meta is None:
                yield None
                return
            check_embedding(meta, embedder)
            yield PostgresReader(connection, meta, labels, self._exact_below)

    @contextmanager
    def writing(self, embedder: Embedder, *, rebuild: bool = False) -> Iterator[Writer]:
        """Hold the index for writing; it is made if there is none."""
        with reported(self._url):
            connection = connect(self._url, self.schema)
            with connection:
                connection.autocommit = True
                self._lock(connection)
                meta = create(connection, self.schema, embedder)
                if not rebuild:
                    check_embedding(meta, embedder)
                writer = PostgresWriter(connection, self.schema)
                yield writer
                writer.settle()

    def is_empty(self, labels: frozenset[str] | None = None) -> bool:
        """Whether there is nothing to be found by a holder of these labels; None: whoever asks."""
        with self._snapshot() as connection:
            if read_meta(connection, self.schema) is None:
                return True
            rows = connection.execute(
                "SELECT labels FROM sizes JOIN label_sets ON label_sets.id = label_set WHERE passages > 0"
            )
            return not any(labels is None or labels.issuperset(row[0]) for row in rows)

    def labelled(self, sources: Sequence[str]) -> Labelled | None:
        """The labels of those sources that are indexed, whoever may read them; None if there is no index."""
        with self._snapshot() as connection:
            meta = read_meta(connection, self.schema)
            if meta is None:
                return None
            rows = connection.execute(
                """SELECT source, labels FROM sources JOIN label_sets ON label_sets.id = label_set
                WHERE source = ANY(%s)""",
                (list(sources),),
            )
            return Labelled(meta.rules, {source: frozenset(labels) for source, labels in rows})

    def status(self) -> Status:
        """What it holds."""
        with self._snapshot() as connection:
            meta = read_meta(connection, self.schema)
            if meta is None:
                return Status(folder=holdings.shown(self.schema))
            return holdings.status(connection, self.schema, meta)

    def kept(self) -> list[Kept]:
        """Every file that it knows, as it was read."""
        with self._opened() as connection:
            return holdings.kept(connection) if connection else []

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        with self._opened() as connection:
            return holdings.roots(connection) if connection else []

    def rebuilt_with(self) -> set[str]:
        """The models with which an unfinished rebuild has begun to embed the passages."""
        with self._opened() as connection:
            return holdings.rebuilt_with(connection) if connection else set()

    def knows(self, path: Path) -> bool:
        """Whether it knows this file, or one in this folder."""
        with self._opened() as connection:
            return connection is not None and holdings.knows(connection, path)

    def close(self) -> None:
        """Close the connections that are kept."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _lock(self, connection: "Connection[Any]") -> None:
        """Take the lock of the one writer; the server releases it when the connection ends."""
        from psycopg.errors import LockNotAvailable

        key = zlib.crc32(self.schema.encode())
        # A timeout of 0 would be none.
        connection.execute(f"SET lock_timeout = '{max(1, int(self._wait * 1000))}ms'")
        try:
            connection.execute("SELECT pg_advisory_lock(7243892, %s::bigint::bit(32)::int)", (key,))
        except LockNotAvailable as error:
            raise BusyError("PostgreSQL") from error
        # What else it waits for, readers hold for a moment only.
        connection.execute("SET lock_timeout = 0")

    @contextmanager
    def _opened(self) -> "Iterator[Connection[Any] | None]":
        """As `_snapshot`; None if there is no index yet."""
        with self._snapshot() as connection:
            yield connection if read_meta(connection, self.schema) else None

    @contextmanager
    def _snapshot(self) -> "Iterator[Connection[Any]]":
        """A connection in a transaction that sees one version and writes nothing."""
        with reported(self._url):
            connection = self._connection()
            try:
                connection.execute(SNAPSHOT)
                yield connection
                connection.rollback()
            except BaseException:
                connection.close()
                raise
            try:
                self._idle.put_nowait(connection)
            except Exception:  # noqa: BLE001 - queue.Full: there are enough
                connection.close()

    def _hold(self, connection: "Connection[Any]") -> Meta | None:
        """What the index remembers; the vectors that it is searched with stay until the transaction ends."""
        from psycopg.errors import UndefinedTable

        for attempt in range(ATTEMPTS):
            meta = read_meta(connection, self.schema)
            if meta is None:
                return None
            try:
                connection.execute(f"LOCK TABLE {meta.vectors} IN ACCESS SHARE MODE")
                return meta
            except UndefinedTable:
                # Dropped since the snapshot was taken, which tables do not belong to: a new one has others.
                if attempt == ATTEMPTS - 1:
                    raise
                connection.rollback()
                connection.execute(SNAPSHOT)
        return None

    def _connection(self) -> "Connection[Any]":
        """A kept connection that still lives, or a new one."""
        import psycopg

        while True:
            try:
                kept = self._idle.get_nowait()
            except Empty:
                return connect(self._url, self.schema)
            try:
                kept.execute("SELECT 1")
                kept.rollback()
            except psycopg.Error:
                kept.close()
            else:
                return kept
