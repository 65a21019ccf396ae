"""Our own agent in a suite: set up by the suite alone, and fresh for each trial."""

import asyncio
from pathlib import Path

import pytest

from evals.cases.case import Case
from evals.environments.demo import OrderDeskEnvironment
from evals.suites.ours import our_agent
from evals.suites.suite import Suite, load_suite
from state.errors import UsageError

REFUND = Case.model_validate(
    {"id": "r", "input": "Please refund order WR-1045.", "resume": [{"decisions": [{"type": "approve"}]}]}
)


def test_what_a_trial_writes_does_not_reach_the_next_one() -> None:
    with our_agent(Suite(name="ours", dataset=Path("x"), model="offline")) as agent:
        first, second = (asyncio.run(agent.play(REFUND)) for _ in range(2))
        for played in (first, second):
            [call] = played.trajectory.calls
            assert (call.tool, call.effect, call.error) == ("refund_order", "write", None)
            assert call.output["amount"] == 18.3
            assert played.trajectory.outcome == "answered"
            assert [one["place"] for one in played.trajectory.verdicts] == ["screen", "release"]
            assert [step["tool"] for step in played.trajectory.plan["steps"]] == ["refund_order"]
        assert first.trajectory.id != second.trajectory.id
        assert dict(first.trajectory.stamp) == dict(agent.stamp)
        assert not list(agent.home.glob("trial-*"))
    assert not agent.home.exists()


def test_the_suite_and_not_the_environment_says_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "staff.md"
    page.write_text("---\nlabels: [staff]\n---\n\nGoodwill is given up to 25 EUR.\n", encoding="utf-8")
    monkeypatch.setenv("WARRANT_LABELS", "staff")
    monkeypatch.setenv("WARRANT_MODEL", "openai:nobody")
    for labels, found in (("", 0), ("staff", 1)):
        suite = Suite.model_validate(
            {
                "name": "ours",
                "dataset": "x",
                "model": "offline",
                "agent": {"documents": ["staff.md"], "labels": labels},
            },
            context=tmp_path,
        )
        with our_agent(suite) as agent:
            played = asyncio.run(agent.play(Case(id="g", input="Up to how much goodwill is given?")))
        assert sum(len(one.ids) for one in played.trajectory.retrieved) == found
        assert ("25 EUR" in played.trajectory.text) is bool(found)


def test_the_order_desk_compares_what_was_refunded() -> None:
    environment = OrderDeskEnvironment()
    world, other = environment.world(), environment.world()
    assert "Error" in world.call("refund_order", {"order_id": "WR-1045", "amount": 99})
    assert world.state() == {"refunded_cents": {}}
    world.call("refund_order", {"order_id": "WR-1045", "amount": 5})
    world.call("refund_order", {"order_id": "WR-1045"})
    assert world.call("order_status", {"order_id": "WR-1045"})["refunded"] == 18.3
    assert world.state() == {"refunded_cents": {"WR-1045": 1830}}
    assert other.state() == {"refunded_cents": {}}
    assert "Error" in world.call("refund_order", {"order": 1})
    with pytest.raises(KeyError):
        world.call("calculate", {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('name = "a"', "dataset"),
        ('name = "a b"\ndataset = "x"', "name"),
        ('name = "a"\ndataset = "x"\ntrails = 3', "trails"),
        ('name = "a"\ndataset = "x"\n[agent]\nlabel = "x"', r"agent\.label"),
        ("name = ", "not valid TOML"),
    ],
)
def test_a_mistake_of_a_suite_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "suite.toml").write_text(content)
    with pytest.raises(UsageError, match=said):
        load_suite(tmp_path)
