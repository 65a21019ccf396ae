"""Going on with a run whose effect was unknown, with the order desk and the offline model."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graphs.parts import application
from graphs.run import session
from state.errors import UsageError
from state.settings import settings
from tools.effects import effect_key


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path))
    settings.cache_clear()
    application.cache_clear()
    yield tmp_path
    application().store.close()
    settings.cache_clear()
    application.cache_clear()


def refunds(home: Path) -> int:
    with closing(sqlite3.connect(home / "orders.db")) as orders:
        tables = orders.execute("SELECT 1 FROM sqlite_master WHERE name = 'refunds'").fetchall()
        return int(orders.execute("SELECT COUNT(*) FROM refunds").fetchone()[0]) if tables else 0


@pytest.mark.parametrize("happened", [True, False])
def test_a_run_is_resumed_once_its_unknown_effect_is_settled(home: Path, happened: bool) -> None:
    async def go() -> list[dict[str, Any]]:
        async with session() as agent:
            asked = await agent.ask("Refund order WR-1042", thread_id="t")
            [call] = asked["waiting"]
            values = (await agent.agent.aget_state({"configurable": {"thread_id": "t"}})).values
            key = effect_key(values["scope"], call["step"], call["tool"], call["args"])
            more = {"scope": values["scope"], "step": call["step"], "tool": call["tool"], "args_digest": "d"}
            agent.app.store.claim(key, **more, seconds=0)  # a process that was killed after it
            ended = [
                await agent.resume("t", {call["step"]: {"type": "approve"}}),
                await agent.resume("t", {}),
            ]
            agent.app.store.resolve(key, happened=happened, output={"refund_id": 7})
            return [*ended, await agent.resume("t", {})]

    unknown, still, settled = asyncio.run(go())
    assert [unknown["outcome"], still["outcome"]] == ["needs_input", "needs_input"]
    assert "warrant effects resolve" in still["reason"]
    assert settled["calls"][0]["status"] == "done"
    assert settled["outcome"] != "needs_input"
    assert refunds(home) == (0 if happened else 1)


def test_a_finished_run_has_nothing_to_resume() -> None:
    async def go() -> None:
        async with session() as agent:
            await agent.ask("What is 2 + 2?", thread_id="t")
            with pytest.raises(UsageError, match="Nothing is left to do"):
                await agent.resume("t", {})

    asyncio.run(go())
