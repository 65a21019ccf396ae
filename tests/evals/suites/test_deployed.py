"""Suites against a deployed graph API."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.cases.case import Case
from evals.suites.deployed import DeployedAgent, trajectory_of_values
from evals.suites.suite import Suite
from state.errors import UsageError
from tests.servers.processes import DevServer, langgraph_dev

APPROVE = {"decisions": [{"type": "approve"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    with langgraph_dev(
        tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("log") / "dev.log"
    ) as running:
        yield running


def agent(url: str, graph: str = "agent") -> DeployedAgent:
    effects = {"order_status": "read", "refund_order": "write"}
    return DeployedAgent(
        Suite(name="far", dataset=Path("x"), url=url, graph=graph, model="offline", effects=effects)
    )


def test_a_case_is_played_on_the_server_with_its_decisions(server: DevServer) -> None:
    case = Case(id="refund", input="Please refund order WR-1045.", resume=(APPROVE,))
    found = asyncio.run(agent(server.url).play(case)).trajectory
    [call] = [call for call in found.calls if call.tool == "refund_order"]
    assert (call.args["order_id"], call.effect, call.error) == ("WR-1045", "write", None)
    assert (found.outcome, found.ended, found.error) == ("answered", True, None)
    assert found.stamp["models"]["chat"] == "offline"
    unanswered = asyncio.run(agent(server.url).play(Case(id="waits", input="Refund order WR-1058.")))
    assert unanswered.trajectory.outcome == "needs_approval"
    assert unanswered.trajectory.calls == ()


def test_an_assistant_that_is_not_there_is_a_mistake_of_the_suite(server: DevServer) -> None:
    with pytest.raises(UsageError, match="refused case a"):
        asyncio.run(agent(server.url, "nobody").play(Case(id="a", input="Hello")))


def test_the_values_of_another_graph_are_read_by_its_messages() -> None:
    call = {"id": "1", "name": "look", "args": {"at": 1}}
    messages = [
        {"type": "human", "content": "Look."},
        {"type": "ai", "content": "", "tool_calls": [call]},
        {"type": "tool", "tool_call_id": "1", "content": "seen"},
        {"type": "ai", "content": "I saw it."},
    ]
    found = trajectory_of_values({"messages": messages}, {"look": "read"})
    assert [(call.tool, call.args, call.output, call.effect) for call in found.calls] == [
        ("look", {"at": 1}, "seen", "read")
    ]
    assert found.text == "I saw it."
