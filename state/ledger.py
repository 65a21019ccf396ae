"""The ledger of effects: each is claimed before it is made, and its result is recorded after it."""

import json
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, TypeAlias

from sqlalchemy import Connection, RowMapping, Select, Update, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningInsert

from state.database import EFFECTS, StoreError, insertion, storable, utc
from state.errors import UsageError
from state.process import is_gone, this_process
from state.schema import Json

State: TypeAlias = Literal["claimed", "done", "failed", "unknown"]


@dataclass(frozen=True)
class Claim:
    """Whether an effect may happen now."""

    state: Literal["new", "repeated"] | State
    """`new`: make it. `done`: it happened. `claimed`: it was begun and has not ended. `unknown`: it was begun
    and nobody knows what became of it. `repeated`: another plan of the same scope made the same call."""
    output: Json = None
    """What the effect gave, if it is done."""
    error: str = ""
    """What is known of an outcome that is unknown, or which step made the same call."""
    claimed_at: str = ""
    """Tells this claim from a later one of the same key."""
    running: bool = False
    """Whether its process may still make it."""


@dataclass(frozen=True)
class Effect:
    """One entry of the ledger."""

    key: str
    state: State
    scope: str
    step: str
    tool: str
    args_digest: str
    claimed_at: str
    ended_at: str | None
    error: str
    running: bool
    """Whether the process that claimed it may still be making it."""


class Ledger(ABC):
    """Claims effects in a SQL database; for several threads, processes and machines at once."""

    @abstractmethod
    def _begin(self, *, durable: bool = False) -> AbstractContextManager[Connection]:
        """A transaction; a durable one outlives a power cut."""

    def claim(
        self, key: str, *, scope: str, step: str, tool: str, args_digest: str, plan: str = "", seconds: float
    ) -> Claim:
        """Claim an effect before making it; of all who claim one key, exactly one is told `new`.

        Args:
            key: What the effect is; two calls with one key are one effect.
            scope: Thread and turn.
            step: Step of the plan.
            tool: Name of the tool.
            args_digest: Digest of the exact arguments.
            plan: Digest of the plan; where it is given, a call that a step of another plan of this scope made
                or may have made is `repeated`.
            seconds: How long the call can take at most.

        Raises:
            StoreError: the database cannot be used; the effect must not be made.
        """
        begun = _claimed(seconds)
        what = {
            "key": key,
            "scope": scope,
            "plan": plan,
            "step": step,
            "tool": tool,
            "args_digest": args_digest,
        }
        fresh = {**what, **begun}
        try:
            with self._begin(durable=True) as connection:
                if plan and connection.dialect.name == "postgresql":  # SQLite has one writer in any case
                    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(scope, 0))))
                if connection.execute(_claim(connection.dialect.name), fresh).first():
                    if plan and (twin := connection.execute(_TWIN, fresh).scalar()):
                        raise _RepeatedError(twin)
                    return Claim("new")
                return _earlier(connection.execute(_OF_KEY, {"of": key}).mappings().one())
        except _RepeatedError as repeated:  # by now the claim is rolled back
            return Claim("repeated", error=str(repeated))

    def retake(self, key: str, claimed_at: str, seconds: float) -> bool:
        """Claim again what the claim of that time left open; of all who try, one succeeds.

        Raises:
            StoreError: the database cannot be used; the effect must not be made.
        """
        with self._begin(durable=True) as connection:
            taken = connection.execute(_left_open(key, claimed_at).values(_claimed(seconds)))
            return taken.rowcount == 1

    def finish(self, key: str, output: Json) -> None:
        """Record what a claimed effect gave.

        Raises:
            StoreError: the key is not claimed, or the database cannot be used; the outcome stays unknown.
        """
        self._end(key, "done", output=json.dumps(output))

    def fail(self, key: str, error: str) -> None:
        """Record that a claimed call certainly had no effect, so that it may be claimed again.

        Raises:
            StoreError: the key is not claimed, or the database cannot be used; the outcome stays unknown.
        """
        self._end(key, "failed", error=error)

    def lose(self, key: str, error: str) -> None:
        """Record that a claimed call is over and that nobody knows whether it had its effect.

        Raises:
            StoreError: the key is not claimed, or the database cannot be used; the claim stays open.
        """
        self._end(key, "unknown", error=error)

    def unknown_effects(self, scope: str | None = None) -> list[Effect]:
        """The effects that a human has to settle, oldest first: begun, over, and without a result.

        Args:
            scope: Beginning of the scope, such as a thread's id; every scope by default.
        """
        query = select(EFFECTS).where(EFFECTS.c.state.in_(("claimed", "unknown")))
        return [effect for effect in self._effects(query, scope) if not effect.running]

    def effects(self, scope: str | None = None) -> list[Effect]:
        """Every effect that was claimed, oldest first, of all scopes or of those that begin so."""
        return self._effects(select(EFFECTS), scope)

    def resolve(self, key: str, *, happened: bool, output: Json = None) -> Effect:
        """Settle an unknown effect: what happened counts as done, what did not may be claimed again.

        Args:
            key: The effect's key, or its beginning, with or without `sha256:`.
            happened: What was found out outside.
            output: What the effect gave, for the steps that use it.

        Raises:
            UsageError: the key does not name one effect, or it is settled, or it may still be running.
            StoreError: the database cannot be used; the effect stays unknown.
        """
        effect = self._named(key)
        if effect.running:
            raise UsageError(f"The effect {key} may still be running.", "Wait, or end its process.")
        settled: dict[str, str | None] = {"error": "settled by hand", "ended_at": utc(datetime.now(UTC))}
        settled |= {"state": "done", "output": json.dumps(output)} if happened else {"state": "failed"}
        with self._begin(durable=True) as connection:
            if connection.execute(_left_open(effect.key, effect.claimed_at).values(settled)).rowcount != 1:
                raise UsageError(f"The effect {key} is settled already.", "See: warrant effects list --all.")
        return self._named(effect.key)

    def _named(self, prefix: str) -> Effect:
        """The effect whose key begins so."""
        start = "sha256:" + prefix.removeprefix("sha256:").lower()
        query = select(EFFECTS).where(EFFECTS.c.key.startswith(start, autoescape=True)).limit(2)
        found = self._effects(query) if start != "sha256:" else []
        if len(found) != 1:
            number = "Several effects have keys that begin" if found else "No effect has a key that begins"
            raise UsageError(f"{number} with {prefix!r}.", "See: warrant effects list.")
        return found[0]

    def _effects(self, query: Select[tuple[Json, ...]], scope: str | None = None) -> list[Effect]:
        if scope is not None:
            query = query.where(EFFECTS.c.scope.startswith(scope, autoescape=True))
        with self._begin() as connection:
            rows = connection.execute(query.order_by(EFFECTS.c.claimed_at, EFFECTS.c.key)).mappings().all()
        same = ("key", "state", "scope", "step", "tool", "args_digest", "claimed_at", "ended_at")
        return [
            Effect(**{n: row[n] for n in same}, error=row["error"] or "", running=_running(row))
            for row in rows
        ]

    def _end(self, key: str, state: State, *, output: str | None = None, error: str | None = None) -> None:
        change = {"of": key, "state": state, "ended_at": utc(datetime.now(UTC))}
        more = {"output": output, "error": None if error is None else storable(error)}
        with self._begin(durable=True) as connection:
            if connection.execute(_END, {**change, **more}).rowcount != 1:
                raise StoreError(f"The effect {key} is not claimed.", "Claim it before making it.")


class _RepeatedError(Exception):
    """Rolls a claim back."""


def _claimed(seconds: float) -> dict[str, str | None]:
    """What a claim says of who makes it and until when, in the place of what ended an earlier one."""
    now = datetime.now(UTC)
    blank: dict[str, str | None] = dict.fromkeys(("ended_at", "output", "error"))
    until = utc(now + timedelta(seconds=seconds))
    return {
        **blank,
        "state": "claimed",
        "claimed_at": utc(now),
        "until": until,
        "process": json.dumps(this_process()),
    }


def _earlier(row: RowMapping) -> Claim:
    output = None if row["output"] is None else json.loads(row["output"])
    return Claim(row["state"], output, row["error"] or "", row["claimed_at"], _running(row))


def _running(row: RowMapping) -> bool:
    """Whether the call may still be made: its time is not up, and its process has not certainly ended."""
    in_time = row["until"] is not None and utc(datetime.now(UTC)) < row["until"]
    return bool(row["state"] == "claimed" and in_time and not is_gone(json.loads(row["process"])))


def _left_open(key: str, claimed_at: str) -> Update:
    """Changes one claim, unless it has ended or was replaced by a later one."""
    is_open = EFFECTS.c.state.in_(("claimed", "unknown"))
    return update(EFFECTS).where(EFFECTS.c.key == key, EFFECTS.c.claimed_at == claimed_at, is_open)


_OF_KEY = select(EFFECTS).where(EFFECTS.c.key == bindparam("of"))
_TWIN = (
    select(EFFECTS.c.step)
    .where(
        EFFECTS.c.scope == bindparam("scope"),
        EFFECTS.c.tool == bindparam("tool"),
        EFFECTS.c.args_digest == bindparam("args_digest"),
        EFFECTS.c.plan.not_in(("", bindparam("plan"))),
        EFFECTS.c.key != bindparam("key"),
        EFFECTS.c.state != "failed",
    )
    .limit(1)
)
_END = (
    update(EFFECTS)
    .where(EFFECTS.c.key == bindparam("of"), EFFECTS.c.state == "claimed")
    .values({name: bindparam(name) for name in ("state", "output", "error", "ended_at")})
)


@cache
def _claim(dialect: str) -> ReturningInsert[tuple[str]]:
    """The statement that claims, made once, since making one takes longer than running it."""
    insert = insertion(dialect, EFFECTS)
    # A failed call certainly had no effect, so that its claim may be taken over.
    replaced = {c.name: insert.excluded[c.name] for c in EFFECTS.columns if c.name != "key"}
    claim = insert.on_conflict_do_update(
        index_elements=["key"], set_=replaced, where=EFFECTS.c.state == "failed"
    )
    return claim.returning(EFFECTS.c.key)
