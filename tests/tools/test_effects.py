"""An effect at most once, alone: what is claimed, what is called, and what is said."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from state.canonical import digest
from state.plan import StepStatus, Warrant
from state.schema import Json
from state.store import Store
from tools.capability import Caller, Capability
from tools.effects import CallError, Effect, at_most_once, effect_key, with_key

SCHEMA = {
    "type": "object",
    "properties": {"cents": {"type": "integer"}, "key": {"type": "string"}},
    "additionalProperties": False,
}


async def _called(args: dict[str, Json], caller: Caller) -> Json:
    raise AssertionError("the call is given to at_most_once")


REFUND = Capability("refund", "Refund.", SCHEMA, {}, _called)


def effect(args: dict[str, Any] | None = None, step: str = "s1", **more: Any) -> Effect:
    args = {"cents": 5} if args is None else args
    warrant = Warrant(
        step=step, tool="refund", tool_digest="d", args=args, args_digest=digest(args), approved_by="policy"
    )
    key = effect_key("thread/turn", step, "refund", args)
    return Effect(key, "thread/turn", REFUND, warrant, **{"seconds": 5.0, **more})


class Outside:
    """The world that a call changes: it records the arguments, then does what its script says."""

    def __init__(self, *script: Callable[[], Any]) -> None:
        self.calls: list[dict[str, Json]] = []
        self.script = list(script)

    async def __call__(self, args: dict[str, Json]) -> Json:
        self.calls.append(args)
        answered = self.script.pop(0)() if self.script else len(self.calls)
        return await answered if asyncio.iscoroutine(answered) else answered


def lost(status: StepStatus = "unknown") -> Callable[[], Any]:
    def answer() -> None:
        raise CallError(status, "no reply")

    return answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warrant.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path}?timeout=0.1")
    yield store
    store.close()


def made(what: Effect, ledger: Store, outside: Outside) -> Any:
    """The output, or the status and the error."""
    try:
        return asyncio.run(at_most_once(what, ledger, outside))
    except CallError as failure:
        return failure.status, failure.error


def test_a_repeat_gives_the_recorded_output(ledger: Store) -> None:
    outside = Outside()
    assert [made(effect(), ledger, outside) for _ in range(3)] == [1, 1, 1]
    assert outside.calls == [{"cents": 5}]


def test_an_unknown_outcome_asks_with_the_command_that_settles_it(ledger: Store) -> None:
    outside = Outside(lost())
    for _ in range(2):
        status, error = made(effect(), ledger, outside)
        assert status == "unknown"
        assert "no reply" in error
    shown = error.partition("warrant effects resolve ")[2].split()[0]
    ledger.resolve(shown, happened=True, output="settled")
    assert made(effect(), ledger, outside) == "settled"
    assert len(outside.calls) == 1


def test_what_a_human_says_did_not_happen_is_made(ledger: Store) -> None:
    outside = Outside(lost())
    made(effect(), ledger, outside)
    ledger.resolve(effect().key, happened=False)
    assert made(effect(), ledger, outside) == 2


def test_a_call_that_certainly_failed_may_be_made_again(ledger: Store) -> None:
    outside = Outside(lost("failed"))
    assert made(effect(), ledger, outside) == ("failed", "no reply")
    assert made(effect(), ledger, outside) == 2


def test_a_tool_with_a_key_is_called_again_with_the_same_key(ledger: Store) -> None:
    outside = Outside(lost(), lost())
    what = effect(idempotency="key")
    assert made(what, ledger, outside)[0] == "unknown"
    assert made(what, ledger, outside) == 3
    assert made(what, ledger, outside) == 3
    keys = {str(args["key"]) for args in outside.calls}
    assert [UUID(key).version for key in keys] == [5]
    assert outside.calls == [{"cents": 5, "key": keys.pop()}] * 3
    other = with_key(effect(step="s2", idempotency="key"))["key"]
    assert other != outside.calls[0]["key"], "another effect has another key"


def test_a_tool_that_is_safe_to_repeat_is_called_again_as_it_was_shown(ledger: Store) -> None:
    outside = Outside(lost())
    assert made(effect(idempotency="repeatable"), ledger, outside) == 2
    assert outside.calls == [{"cents": 5}] * 2


def test_a_key_that_is_given_is_kept_and_one_that_does_not_fit_is_refused(ledger: Store) -> None:
    assert with_key(effect({"key": "mine"}, idempotency="key")) == {"key": "mine"}
    outside = Outside()
    for name in ("cents", "nonsense"):
        status, error = made(effect({}, idempotency=name), ledger, outside)
        assert (status, outside.calls, ledger.effects()) == ("failed", [], [])
        assert "cannot take a key" in error


def test_a_call_of_an_earlier_plan_is_not_made_again(ledger: Store) -> None:
    outside = Outside()
    made(effect(plan="a"), ledger, outside)
    status, error = made(effect(step="s9", plan="b"), ledger, outside)
    assert (status, len(outside.calls)) == ("failed", 1)
    assert "step s1 of an earlier plan already made this call" in error


def test_what_another_worker_is_making_is_waited_for(ledger: Store) -> None:
    outside = Outside(lambda: asyncio.sleep(0.3, "slow"))

    async def both() -> list[Json]:
        return await asyncio.gather(*(at_most_once(effect(), ledger, outside) for _ in range(4)))

    assert asyncio.run(both()) == ["slow"] * 4
    assert len(outside.calls) == 1


def test_the_wait_for_another_worker_is_bounded(ledger: Store) -> None:
    what = effect(seconds=0.05)
    ledger.claim(
        what.key, scope="s", step="s1", tool="refund", args_digest="d", seconds=600
    )  # by this process
    for idempotency in (None, "key"):
        outside = Outside()
        assert made(effect(seconds=0.05, idempotency=idempotency), ledger, outside)[0] == "unknown"
        assert outside.calls == []


def test_a_run_that_is_stopped_during_the_call_leaves_it_unknown(ledger: Store) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    outside = Outside(hang)

    async def stop() -> None:
        going = asyncio.create_task(at_most_once(effect(), ledger, outside))
        await reached.wait()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(stop())
    status, error = made(effect(), ledger, outside)
    assert (status, len(outside.calls)) == ("unknown", 1)
    assert "stopped during the call" in error


def test_a_run_that_is_stopped_before_the_call_gives_its_claim_back(ledger: Store, path: Path) -> None:
    outside = Outside()
    ledger.effects()

    async def stop() -> None:
        going = asyncio.create_task(at_most_once(effect(), ledger, outside))
        await asyncio.sleep(0)  # the claim has been handed to its thread
        await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(stop())
    assert outside.calls == []
    assert [(one.state, one.error) for one in ledger.effects()] == [
        ("failed", "the run was stopped before the call")
    ]
    assert made(effect(), ledger, outside) == 1


def test_without_a_claim_nothing_is_called(ledger: Store, path: Path) -> None:
    ledger.effects()
    outside = Outside()
    with Store(f"sqlite:///{path}")._begin() as other:
        other.execute(text("BEGIN EXCLUSIVE"))
        status, error = made(effect(), ledger, outside)
    assert (status, outside.calls) == ("failed", [])
    assert "refund was not called: The store" in error
    assert "try again" in error


@pytest.mark.parametrize("idempotency", [None, "key"])
def test_an_effect_whose_result_cannot_be_recorded_is_unknown_and_not_repeated(
    ledger: Store, idempotency: str | None
) -> None:
    def fill() -> str:
        with ledger._begin(durable=True) as connection:
            connection.execute(text("PRAGMA max_page_count=1"))
        return "x" * 500_000

    outside = Outside(fill)
    status, error = made(effect(idempotency=idempotency, seconds=0.2), ledger, outside)
    assert (status, len(outside.calls)) == ("unknown", 1)
    assert "refund was called, and its result could not be recorded" in error
    assert "Free some space" in error
    if idempotency is None:
        assert made(effect(seconds=0.2), ledger, outside)[0] == "unknown"
        assert len(outside.calls) == 1


def test_the_key_is_made_of_content_and_scope_alone() -> None:
    base: dict[str, Any] = {"scope": "a", "step": "s1", "tool": "t", "args": {"x": 1, "y": [2]}}
    key = effect_key(**base)
    assert key == effect_key(**{**base, "args": {"y": [2], "x": 1}}, occurrence=0)
    others: list[dict[str, Any]] = [
        {"scope": "b"},
        {"step": "s2"},
        {"tool": "u"},
        {"args": {"x": 1, "y": []}},
        {"occurrence": 1},
    ]
    assert len({key, *(effect_key(**{**base, **other}) for other in others)}) == 6


@given(st.lists(st.sampled_from([lost(), lost("failed"), lambda: "made"]), max_size=5))
def test_a_call_is_made_again_only_after_a_certain_failure(
    tmp_path_factory: pytest.TempPathFactory, script: list[Callable[[], Any]]
) -> None:
    ledger = Store(f"sqlite:///{tmp_path_factory.mktemp('effects') / 'w.db'}")
    outside, over = Outside(*script), False
    for _ in range(len(script) + 1):
        before = len(outside.calls)
        result = made(effect(), ledger, outside)
        assert not (over and len(outside.calls) > before)
        over = over or not (isinstance(result, tuple) and result[0] == "failed")
    ledger.close()
