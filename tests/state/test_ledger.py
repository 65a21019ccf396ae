"""The ledger of effects, against real databases and real processes."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, text

from state.canonical import digest
from state.errors import UsageError
from state.store import Store, StoreError

EFFECT: dict[str, Any] = {
    "scope": "thread/turn",
    "step": "s1",
    "tool": "refund",
    "args_digest": "sha256:0",
    "seconds": 60,
}


def test_an_effect_is_claimed_once_and_its_output_is_kept(store: Store) -> None:
    assert store.claim("k", **EFFECT).state == "new"
    assert store.claim("k", **EFFECT).state == "claimed"
    store.finish("k", {"refunded": [1]})
    claim = store.claim("k", **EFFECT)
    assert (claim.state, claim.output) == ("done", {"refunded": [1]})


def test_a_call_that_certainly_failed_may_be_claimed_again(store: Store) -> None:
    store.claim("k", **EFFECT)
    store.fail("k", "refused \0")
    assert store.claim("k", **EFFECT).state == "new"
    assert store.claim("k", **EFFECT).state == "claimed"


def test_only_an_open_claim_can_end(store: Store) -> None:
    with pytest.raises(StoreError, match="not claimed"):
        store.finish("k", 1)
    store.claim("k", **EFFECT)
    store.finish("k", 1)
    with pytest.raises(StoreError, match="not claimed"):
        store.fail("k", "too late")
    assert store.claim("k", **EFFECT).output == 1


def test_a_lost_call_is_unknown_and_says_what_is_known(store: Store) -> None:
    store.claim("k", **EFFECT)
    store.lose("k", "no reply \0 after sending")
    claim = store.claim("k", **EFFECT)
    assert (claim.state, claim.running, claim.error) == ("unknown", False, "no reply \\x00 after sending")


CLAIM = """
import json, sys
from state.store import Store
print(Store(sys.argv[1]).claim("k", **json.loads(sys.argv[2])).state, flush=True)
sys.stdin.read()
"""


def test_a_claim_runs_while_its_process_lives_and_its_time_lasts(store: Store, url: str) -> None:
    effect = """{"scope": "s", "step": "s1", "tool": "t", "args_digest": "d", "seconds": 600}"""
    command = [sys.executable, "-c", CLAIM, url, effect]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "new\n"
        claim = store.claim("k", **EFFECT)
        assert (claim.state, claim.running, store.unknown_effects()) == ("claimed", True, [])
        process.send_signal(signal.SIGKILL)
        process.wait()
    claim = store.claim("k", **EFFECT)
    assert (claim.state, claim.running) == ("claimed", False)
    assert [effect.key for effect in store.unknown_effects()] == ["k"]
    store.claim("late", **{**EFFECT, "seconds": 0})
    assert not store.claim("late", **EFFECT).running


def test_of_all_who_take_an_open_claim_over_one_succeeds(store: Store) -> None:
    store.claim("k", **EFFECT)
    store.lose("k", "lost")
    seen = store.claim("k", **EFFECT).claimed_at
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: store.retake("k", seen, 60), range(4)))
    assert sorted(taken) == [False, False, False, True]
    assert store.claim("k", **EFFECT).running
    store.finish("k", 1)
    assert not store.retake("k", store.claim("k", **EFFECT).claimed_at, 60)


def test_a_call_that_another_plan_of_the_scope_made_is_not_claimed_again(store: Store) -> None:
    store.claim("k1", **EFFECT, plan="a")
    repeated = store.claim("k2", **{**EFFECT, "step": "s2"}, plan="b")
    assert (repeated.state, repeated.error) == ("repeated", "s1")
    assert [effect.key for effect in store.effects()] == ["k1"], "the claim is rolled back"
    assert store.claim("k2", **{**EFFECT, "step": "s2"}, plan="a").state == "new", "two steps of one plan"
    assert store.claim("k3", **{**EFFECT, "args_digest": "d"}, plan="b").state == "new"
    assert store.claim("k4", **{**EFFECT, "scope": "thread/later"}, plan="b").state == "new"


def test_a_call_that_failed_in_another_plan_may_be_made(store: Store) -> None:
    store.claim("k1", **EFFECT, plan="a")
    store.fail("k1", "no")
    assert store.claim("k2", **{**EFFECT, "step": "s2"}, plan="b").state == "new"


def test_what_a_human_settles_is_done_or_may_be_claimed_again(store: Store) -> None:
    happened, did_not, other = (digest(name) for name in "abc")
    for key in (happened, did_not, other):
        store.claim(key, **{**EFFECT, "scope": f"{key}/m"})
        store.lose(key, "lost")
    assert [effect.key for effect in store.unknown_effects(scope=other)] == [other]
    assert store.resolve(happened[7:15], happened=True, output={"id": 7}).state == "done"
    assert store.resolve(did_not, happened=False).state == "failed"
    claims = [store.claim(key, **EFFECT) for key in (happened, did_not)]
    assert [(claim.state, claim.output) for claim in claims] == [("done", {"id": 7}), ("new", None)]
    assert [effect.key for effect in store.unknown_effects()] == [other]


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("", "No effect"),
        ("sha256:", "No effect"),
        ("0000", "No effect"),
        ("sha256:1", "Several"),
        ("11", "may still be running"),
        ("12", "settled already"),
        ("%", "No effect"),
    ],
)
def test_what_cannot_be_settled_says_why(store: Store, named: str, problem: str) -> None:
    store.claim("sha256:11", **EFFECT)
    store.claim("sha256:12", **EFFECT)
    store.fail("sha256:12", "no")
    with pytest.raises(UsageError, match=problem):
        store.resolve(named, happened=True)
    assert [effect.state for effect in store.effects()] == ["claimed", "failed"]


STEPS = st.lists(st.sampled_from(["claim", "finish", "fail", "lose", "happened", "did not"]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_whatever_happens_a_claim_is_given_again_only_when_nothing_happened(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    store, key, allowed = Store(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'w.db'}"), digest("k"), 1
    now = {**EFFECT, "seconds": 0}
    for step in steps:
        try:
            if step == "claim":
                allowed -= store.claim(key, **now).state == "new"
            elif step in ("happened", "did not"):
                allowed += store.resolve(key, happened=step == "happened").state == "failed"
            else:
                {"finish": store.finish, "fail": store.fail, "lose": store.lose}[step](key, "x")
                allowed += step == "fail"
        except (StoreError, UsageError):
            continue
        assert allowed in (0, 1)
    store.close()


VERSION_1 = (
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY)",
    "INSERT INTO schema_version VALUES (1)",
    "CREATE TABLE effects (key TEXT PRIMARY KEY, state TEXT NOT NULL, trace_id TEXT NOT NULL,"
    " step TEXT NOT NULL, tool TEXT NOT NULL, args_digest TEXT NOT NULL, output TEXT, error TEXT,"
    " claimed_at TEXT NOT NULL,"
    " ended_at TEXT)",
    "CREATE INDEX effects_of_trace ON effects (trace_id)",
    "INSERT INTO effects VALUES ('k', 'done', 't/m', 's1', 'refund', 'd', '7', NULL, '2026-11', '2026-11')",
    "INSERT INTO effects VALUES ('l', 'claimed', 't/m', 's2', 'refund', 'd', NULL, NULL, '2026-11-20', NULL)",
)


def test_a_store_of_version_1_is_brought_up_to_date_in_place(url: str) -> None:
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        Path(str(made.database)).parent.mkdir()
    engine = create_engine(made)
    with engine.begin() as connection:
        for statement in VERSION_1:
            connection.execute(text(statement))
    engine.dispose()
    stores = [Store(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda store: store.claim("k", **EFFECT).state, stores))
    assert states == ["done"] * 4
    assert [(effect.key, effect.scope) for effect in stores[0].unknown_effects("t/")] == [("l", "t/m")]
    assert stores[0].claim("new", **EFFECT).state == "new"
    for store in stores:
        store.close()


@pytest.mark.parametrize("write", ["claim", "finish", "lose"])
def test_a_locked_ledger_is_reported_and_changes_nothing(sqlite_url: str, write: str) -> None:
    store = Store(f"{sqlite_url}?timeout=0.1")
    store.claim("k", **EFFECT)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute("BEGIN EXCLUSIVE")
    writes: dict[str, Any] = {"claim": lambda key: store.claim(key, **EFFECT)}
    writes |= {"finish": lambda key: store.finish(key, 1), "lose": lambda key: store.lose(key, "x")}
    with pytest.raises(StoreError, match=r"locked.*try again"):
        writes[write]("k")
    other.close()
    assert store.claim("k", **EFFECT).state == "claimed"
    store.close()
