"""The store: traces, what is thought of them, and the ledger of effects."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection, Engine, Insert, Select, Table, select

from state.database import FEEDBACK, RUNS, StoreError, explained, insertion, open_engine, storable, utc
from state.errors import UsageError
from state.feedback import Feedback
from state.ledger import Claim, Effect, Ledger
from state.schema import Json
from state.trace import Run

__all__ = ["Claim", "Effect", "NoSuchRunError", "Store", "StoreError"]

JSON_COLUMNS = ("inputs", "outputs", "extra", "tags")


class NoSuchRunError(UsageError):
    """No run has this id."""


class Store(Ledger):
    """What outlives a process, in one SQL database; for several threads and processes at once."""

    def __init__(self, url: str) -> None:
        """Remember where the store is; it is opened, and created, when it is first used."""
        self._url = url
        self._engines: dict[bool, Engine] = {}
        self._opening = Lock()

    def close(self) -> None:
        """Close every connection; the store opens again when it is used."""
        with self._opening:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def write_runs(self, runs: Sequence[Run]) -> None:
        """Write runs, replacing earlier records of the same ids.

        Raises:
            StoreError: the database cannot be used; nothing of this call was written.
        """
        if runs:
            with self._begin() as connection:
                connection.execute(_upsert(connection, RUNS), [_row(run) for run in runs])

    def write_feedback(self, feedback: Sequence[Feedback]) -> None:
        """Write judgements, each replacing an earlier one of the same trace, key and source.

        Raises:
            StoreError: the database cannot be used; nothing of this call was written.
        """
        if feedback:
            with self._begin() as connection:
                connection.execute(_upsert(connection, FEEDBACK), [_judgement(one) for one in feedback])

    def feedback(self, trace_id: str | None = None) -> list[Feedback]:
        """What is thought of a trace, or of all of them, oldest first."""
        query = select(FEEDBACK).order_by(FEEDBACK.c.created, FEEDBACK.c.trace_id, FEEDBACK.c.key)
        if trace_id is not None:
            query = query.where(FEEDBACK.c.trace_id == trace_id)
        with self._begin() as connection:
            return [Feedback.model_validate(row._asdict()) for row in connection.execute(query)]

    def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of these runs are there."""
        with self._begin() as connection:
            found = connection.execute(select(RUNS.c.id).where(RUNS.c.id.in_(ids))).scalars()
            return frozenset(map(str, found))

    def runs(self, trace_id: str) -> list[Run]:
        """The runs of a trace, parents before their children, in the order in which they began."""
        return self._select(select(RUNS).where(RUNS.c.trace_id == trace_id).order_by(RUNS.c.dotted_order))

    def traces(self, limit: int = 20, thread_id: str | None = None) -> list[Run]:
        """The root runs, newest first, of all threads or of one."""
        query = select(RUNS).where(RUNS.c.parent_run_id.is_(None))
        if thread_id is not None:
            query = query.where(RUNS.c.thread_id == thread_id)
        return self._select(query.order_by(RUNS.c.start_time.desc(), RUNS.c.id.desc()).limit(limit))

    def trace_ids(self) -> list[str]:
        """Ids of all traces, oldest first."""
        query = select(RUNS.c.id).where(RUNS.c.parent_run_id.is_(None)).order_by(RUNS.c.start_time, RUNS.c.id)
        with self._begin() as connection:
            return [str(found) for found in connection.execute(query).scalars()]

    def trace_of(self, prefix: str) -> str:
        """Id of the trace that a run id, or its beginning, belongs to; root runs come before others.

        Raises:
            NoSuchRunError: no run fits.
            UsageError: several traces fit.
        """
        query = (
            select(RUNS.c.trace_id).distinct().where(RUNS.c.id.startswith(prefix.lower(), autoescape=True))
        )
        with self._begin() as connection:
            roots = connection.execute(query.where(RUNS.c.parent_run_id.is_(None)).limit(4)).scalars().all()
            found = roots or connection.execute(query.limit(4)).scalars().all()
        if len(found) == 1 and prefix:
            return str(found[0])
        if found:
            shown = ", ".join(sorted(found)[:3])
            raise UsageError(f"Several traces begin with {prefix!r}: {shown}, …", "Give more of the id.")
        raise NoSuchRunError(f"No run begins with {prefix!r}.", "See: warrant trace list.")

    def thread_of(self, prefix: str) -> str | None:
        """The thread that a run belongs to, by the run's id or its beginning; None if there is no such run.

        Raises:
            UsageError: several traces fit.
        """
        try:
            trace_id = self.trace_of(prefix)
        except NoSuchRunError:
            return None
        thread_id = self.runs(trace_id)[0].metadata.get("thread_id")
        return None if thread_id is None else str(thread_id)

    @contextmanager
    def _begin(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction; a durable one outlives a power cut: a claim must, a trace need not."""
        engine = self._engine(durable)
        with explained(engine.url), engine.begin() as connection:
            yield connection

    def _engine(self, durable: bool) -> Engine:
        with self._opening:
            if durable not in self._engines:
                self._engines[durable] = open_engine(self._url, durable=durable)
            return self._engines[durable]

    def _select(self, query: Select[tuple[Json, ...]]) -> list[Run]:
        with self._begin() as connection:
            return [_run(row._asdict()) for row in connection.execute(query)]


def _upsert(connection: Connection, table: Table) -> Insert:
    """An INSERT that replaces the row of the same key."""
    insert = insertion(connection.dialect.name, table)
    keys = [column.name for column in table.primary_key.columns]
    kept = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=kept)


def _judgement(one: Feedback) -> dict[str, Json]:
    row = {**one.model_dump(), "created": utc(one.created)}
    return {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}


def _row(run: Run) -> dict[str, str | None]:
    row = {name: getattr(run, name) for name in Run.model_fields}
    row |= {name: row[name] if row[name] is None else json.dumps(row[name]) for name in JSON_COLUMNS}
    row |= {"start_time": utc(run.start_time), "end_time": run.end_time and utc(run.end_time)}
    row["thread_id"] = run.metadata.get("thread_id")
    return {name: value if value is None else storable(str(value)) for name, value in row.items()}


def _run(row: Mapping[str, Json]) -> Run:
    fields = {name: row[name] for name in Run.model_fields}
    return Run(
        **fields | {n: fields[n] if fields[n] is None else json.loads(fields[n]) for n in JSON_COLUMNS}
    )
