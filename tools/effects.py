"""Effects: a call that changes the world is claimed in the ledger, made at most once, and recorded."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import NAMESPACE_URL, uuid5

from state.canonical import digest
from state.errors import WarrantError
from state.plan import StepStatus, Warrant
from state.schema import Json, violations
from state.tool_policy import REPEATABLE
from tools.capability import Capability

GRACE_SECONDS = 1.0
"""How much longer than its bound a call may take to be stopped."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks at an effect that someone else is making."""
SHOWN_DIGITS = 12
"""Digits of a key that an error shows; so many name one effect."""

T = TypeVar("T")


class Claim(Protocol):
    """Whether an effect may happen now."""

    @property
    def state(self) -> str:
        """`new`, `repeated`, `done`, `failed`, `claimed` or `unknown`."""
        ...

    @property
    def output(self) -> Json:
        """What the effect gave, if it is done."""
        ...

    @property
    def error(self) -> str:
        """What is known of an unknown outcome, or the step that made a repeated call."""
        ...

    @property
    def claimed_at(self) -> str:
        """When a claim that is found was made, which tells it from a later one."""
        ...

    @property
    def running(self) -> bool:
        """Whether the process that claimed it may still make it."""
        ...


class Ledger(Protocol):
    """Where effects are claimed before they happen, so that none happens twice."""

    def claim(
        self, key: str, *, scope: str, step: str, tool: str, args_digest: str, plan: str = "", seconds: float
    ) -> Claim:
        """Claim an effect atomically."""
        ...

    def retake(self, key: str, claimed_at: str, seconds: float) -> bool:
        """Claim again, atomically, what the claim of that time left open."""
        ...

    def finish(self, key: str, output: Json) -> None:
        """Record what the effect gave."""
        ...

    def fail(self, key: str, error: str) -> None:
        """Record that the call certainly had no effect."""
        ...

    def lose(self, key: str, error: str) -> None:
        """Record that the call is over and nobody knows whether it had its effect."""
        ...


class CallError(Exception):
    """A call gave no output; `status` says what is known of its effect."""

    def __init__(self, status: StepStatus, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


def effect_key(scope: str, step: str, tool: str, args: dict[str, Json], occurrence: int = 0) -> str:
    """What makes two calls one effect: the content of the action, and the scope in which it is asked for.

    * `scope`: thread and id of the message that asks. LangGraph's retry, resume, fork and replay keep both,
      so that they find the effect; the same request in a new turn is a new effect.
    * `step`: id of the step in the plan, without the index of an iteration. Two steps of one plan that ask
      for the same refund are two effects.
    * `tool` and `args`: the exact call, in canonical JSON. A step that is edited is another effect.
    * `occurrence`: for an iteration of `for_each`, how many earlier iterations of the step have equal
      arguments. Not its index: a list that comes back in another order after a fork has the same effects.

    No digest of the plan, since a planner that is asked again after a fork words its plan differently; that
    another plan of the same scope makes the same call in another step is seen by `Ledger.claim`. No
    checkpoint, task or call id, which are positions and change with every fork.
    """
    return digest(["effect", scope, step, tool, args, occurrence])


@dataclass(frozen=True)
class Effect:
    """A warranted call that changes the world, and what policy says about making it."""

    key: str
    """See `effect_key`."""
    scope: str
    """Thread and turn."""
    tool: Capability
    warrant: Warrant
    seconds: float
    """How long one call may take."""
    idempotency: str | None = None
    """Name of the argument that takes an idempotency key, or `repeatable`; None: never call again."""
    plan: str = ""
    """Digest of the plan that the warrant belongs to; empty if it is not known."""

    @property
    def times(self) -> int:
        """How often it may be called before it is given up as unknown."""
        return 1 if self.idempotency is None else 2

    @property
    def longest(self) -> float:
        """Seconds after which every call of one claim is over."""
        return self.times * self.seconds + GRACE_SECONDS


async def at_most_once(
    effect: Effect, ledger: Ledger, call: Callable[[dict[str, Json]], Awaitable[Json]]
) -> Json:
    """Make an effect unless it was made, or may have been; its output, now or as it was recorded.

    The claim is durable before the call begins, the result after it. An effect that someone else is making is
    waited for. One that was begun and left is made again only if the tool is idempotent.

    Args:
        effect: What is made.
        ledger: Where it is claimed.
        call: Makes the call with these arguments, bounded in time; raises CallError.

    Raises:
        CallError: `failed` if the effect certainly did not happen, `unknown` if nobody knows; then a human
            has to say, with the command that stands in the error.
    """
    args = with_key(effect)
    claim = await _claimed(effect, ledger)
    if claim.state == "done":
        return claim.output
    if claim.state == "repeated":
        raise CallError("failed", f"step {claim.error} of an earlier plan already made this call")
    if claim.state != "new" and not await _taken_over(effect, claim, ledger):
        name, why = effect.tool.name, claim.error or "it was not recorded"
        raise _unknown(effect.key, f"an earlier call of {name} was started and its outcome is unknown: {why}")
    try:
        output = await _made(call, args, effect.times)
    except CallError as failure:
        raise await _ended(effect.key, failure, ledger) from failure
    except BaseException:  # cancelled: the run is stopped, and its process may live on
        await _recorded(ledger.lose, effect.key, "the run was stopped during the call")
        raise
    if problem := await _recorded(ledger.finish, effect.key, output):
        name = effect.tool.name
        raise _unknown(effect.key, f"{name} was called, and its result could not be recorded: {problem}")
    return output


def with_key(effect: Effect) -> dict[str, Json]:
    """The arguments with the tool's idempotency key, where it takes one and none is given.

    A planner must not choose the key, so that neither the warrant's arguments nor their digest hold it. It is
    derived from the effect's key alone, so that every repeat of the effect has the same, and the trace shows
    it among the arguments of the call. It is a UUID, which is what most services ask for.

    Raises:
        CallError: the tool does not take the key.
    """
    args, name = effect.warrant.args, effect.idempotency
    if name is None or name == REPEATABLE or name in args:
        return args
    keyed = {**args, name: str(uuid5(NAMESPACE_URL, f"warrant:effect:{effect.key}"))}
    if broken := violations(effect.tool.input_schema, keyed):
        raise CallError(
            "failed", f"{effect.tool.name} cannot take a key: {broken[0].path}: {broken[0].message}"
        )
    return keyed


async def _claimed(effect: Effect, ledger: Ledger) -> Claim:
    """The claim, as soon as nobody else may be making the effect."""

    def claim() -> Claim:
        return ledger.claim(
            effect.key,
            scope=effect.scope,
            step=effect.warrant.step,
            tool=effect.tool.name,
            args_digest=effect.warrant.args_digest,
            plan=effect.plan,
            seconds=effect.longest,
        )

    def give_back(made: Claim) -> None:
        if made.state == "new":
            ledger.fail(effect.key, "the run was stopped before the call")

    deadline, pause = time.monotonic() + effect.longest, FIRST_PAUSE
    while True:
        try:
            found = await _to_the_end(claim, give_back)
        except WarrantError as error:
            raise CallError("failed", f"{effect.tool.name} was not called: {error}") from error
        if not found.running or time.monotonic() >= deadline:
            return found
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _taken_over(effect: Effect, claim: Claim, ledger: Ledger) -> bool:
    """Whether an effect that may have happened is safe to make again, and nobody else makes it."""
    if effect.idempotency is None or claim.running:
        return False
    try:
        return await _to_the_end(lambda: ledger.retake(effect.key, claim.claimed_at, effect.longest))
    except WarrantError:
        return False


async def _made(
    call: Callable[[dict[str, Json]], Awaitable[Json]], args: dict[str, Json], times: int
) -> Json:
    """The call's output; while its outcome is unknown it is made again, so many times in all."""
    for left in reversed(range(times)):
        try:
            return await call(args)
        except CallError as failure:
            if failure.status != "unknown" or not left:
                raise
    raise AssertionError("unreachable")


async def _ended(key: str, failure: CallError, ledger: Ledger) -> CallError:
    """What is said of a call that gave nothing, once the ledger knows it."""
    if failure.status == "unknown":
        await _recorded(ledger.lose, key, failure.error)
        return _unknown(key, failure.error)
    await _recorded(ledger.fail, key, failure.error)
    return failure


async def _recorded(write: Callable[[str, Json], None], key: str, value: Json) -> str:
    """Write to the ledger; why it could not be written, or nothing."""
    try:
        await _to_the_end(lambda: write(key, value))
    except WarrantError as error:
        return str(error)
    return ""


async def _to_the_end(write: Callable[[], T], undo: Callable[[T], None] = lambda _: None) -> T:
    """Run in a thread; if the run is stopped meanwhile, wait for its end, undo it, and stop then."""
    going = asyncio.ensure_future(asyncio.to_thread(write))
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        await asyncio.wait([going])
        if going.exception() is None:
            with suppress(WarrantError):
                await asyncio.to_thread(undo, going.result())
        raise


def _unknown(key: str, error: str) -> CallError:
    shown = key.removeprefix("sha256:")[:SHOWN_DIGITS]
    way_out = f"Look outside, then say so: warrant effects resolve {shown} --happened, or --did-not-happen"
    return CallError("unknown", f"{error}. {way_out}")
