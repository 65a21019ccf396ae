"""The store: traces, and the ledger of effects."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Literal

from sqlalchemy import Connection, Engine, Select, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from state.database import EFFECTS, RUNS, StoreError, explained, open_engine
from state.errors import UsageError
from state.schema import Json
from state.trace import Run

__all__ = ["Claim", "NoSuchRunError", "Store", "StoreError"]

JSON_COLUMNS = ("inputs", "outputs", "extra", "tags")


@dataclass(frozen=True)
class Claim:
    """Whether an effect may happen now."""

    state: Literal["new", "done", "unknown"]
    """`new`: make it. `done`: it happened. `unknown`: it was begun, and nobody knows what became of it."""
    output: Json = None
    """What the effect gave, if it is done."""


class NoSuchRunError(UsageError):
    """No run has this id."""


class Store:
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
                insert = _insert(connection, RUNS)
                kept = {c.name: insert.excluded[c.name] for c in RUNS.columns if c.name != "id"}
                upsert = insert.on_conflict_do_update(index_elements=["id"], set_=kept)
                connection.execute(upsert, [_row(run) for run in runs])

    def runs(self, trace_id: str) -> list[Run]:
        """The runs of a trace, parents before their children, in the order in which they began."""
        return self._select(select(RUNS).where(RUNS.c.trace_id == trace_id).order_by(RUNS.c.dotted_order))

    def traces(self, limit: int = 20, thread_id: str | None = None) -> list[Run]:
        """The root runs, newest first, of all threads or of one."""
        query = select(RUNS).where(RUNS.c.parent_run_id.is_(None))
        if thread_id is not None:
            query = query.where(RUNS.c.thread_id == thread_id)
        return self._select(query.order_by(RUNS.c.start_time.desc(), RUNS.c.id.desc()).limit(limit))

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

    def claim(self, key: str, *, trace_id: str, step: str, tool: str, args_digest: str) -> Claim:
        """Claim an effect before making it; of all who claim one key, exactly one is told `new`.

        Raises:
            StoreError: the database cannot be used; the effect must not be made.
        """
        fresh: dict[str, str | None] = {
            "trace_id": trace_id,
            "step": step,
            "tool": tool,
            "args_digest": args_digest,
        }
        fresh |= {"state": "claimed", "claimed_at": _now(), "error": None, "ended_at": None}
        with self._begin(durable=True) as connection:
            insert = _insert(connection, EFFECTS).values(key=key, **fresh)
            # A failed call certainly had no effect, so that its claim may be taken over.
            claim = insert.on_conflict_do_update(
                index_elements=["key"], set_=fresh, where=EFFECTS.c.state == "failed"
            )
            if connection.execute(claim.returning(EFFECTS.c.key)).first():
                return Claim("new")
            earlier = connection.execute(select(EFFECTS).where(EFFECTS.c.key == key)).mappings().one()
        if earlier["state"] == "done":
            return Claim("done", json.loads(earlier["output"]))
        return Claim("unknown")

    def finish(self, key: str, output: Json) -> None:
        """Record what a claimed effect gave.

        Raises:
            StoreError: the key is not claimed, or the database cannot be used; the outcome stays unknown.
        """
        self._end(key, state="done", output=json.dumps(output))

    def fail(self, key: str, error: str) -> None:
        """Record that a claimed call certainly had no effect, so that it may be claimed again.

        Raises:
            StoreError: the key is not claimed, or the database cannot be used; the outcome stays unknown.
        """
        self._end(key, state="failed", error=_storable(error))

    def _end(self, key: str, **change: str) -> None:
        claimed = update(EFFECTS).where(EFFECTS.c.key == key, EFFECTS.c.state == "claimed")
        with self._begin(durable=True) as connection:
            if connection.execute(claimed.values(ended_at=_now(), **change)).rowcount != 1:
                raise StoreError(f"The effect {key} is not claimed.", "Claim it before making it.")

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


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do on a conflict."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _row(run: Run) -> dict[str, str | None]:
    row = {name: getattr(run, name) for name in Run.model_fields}
    row |= {name: row[name] if row[name] is None else json.dumps(row[name]) for name in JSON_COLUMNS}
    row |= {"start_time": _time(run.start_time), "end_time": run.end_time and _time(run.end_time)}
    row["thread_id"] = run.metadata.get("thread_id")
    return {name: value if value is None else _storable(str(value)) for name, value in row.items()}


def _run(row: Mapping[str, Json]) -> Run:
    fields = {name: row[name] for name in Run.model_fields}
    return Run(
        **fields | {n: fields[n] if fields[n] is None else json.loads(fields[n]) for n in JSON_COLUMNS}
    )


def _storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _now() -> str:
    return _time(datetime.now(UTC))
