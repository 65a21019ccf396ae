"""The agent in the real LangGraph dev server, driven with the SDK, as Studio and apps drive it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from nodes.card import DECISIONS
from state.settings import PROJECT
from tests.servers.openai_server import Behaviour, OpenAIServer, hangs
from tests.servers.processes import DevServer, environment, langgraph_dev, warrant

QUESTION = "How long do customers have to return a product?"
REFUND = "Please refund order WR-1042."


def asking(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    home = tmp_path_factory.mktemp("home")
    indexed = warrant("index", "add", str(PROJECT / "demo" / "documents"), env=environment(home))
    assert indexed.returncode == 0, indexed.stderr
    with langgraph_dev(home, tmp_path_factory.mktemp("log") / "dev.log") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: DevServer) -> Iterator[SyncLangGraphClient]:
    with get_sync_client(url=server.url) as sdk:
        yield sdk


@pytest.fixture
def thread(client: SyncLangGraphClient) -> str:
    return str(client.threads.create()["thread_id"])


def test_schemas_describe_and_bound_every_knob(client: SyncLangGraphClient) -> None:
    [assistant] = client.assistants.search(graph_id="agent")
    schemas = client.assistants.get_schemas(assistant["assistant_id"])
    assert "messages" in schemas["input_schema"]["properties"]
    assert {"outcome", "answer"} <= schemas["output_schema"]["properties"].keys()
    knobs = schemas["context_schema"]["properties"]
    assert all(knob["description"] for knob in knobs.values())
    bounds = knobs["passages"]["anyOf"][0]
    assert (bounds["minimum"], bounds["maximum"]) == (1, 100)


def test_wait_gives_a_cited_answer(client: SyncLangGraphClient, thread: str) -> None:
    end = client.runs.wait(thread, "agent", input=asking(QUESTION))
    assert end["outcome"] == "answered"
    assert "30 days" in end["answer"]["text"]
    assert end["answer"]["claims"][0]["citations"][0]["source"]
    assert end["messages"][-1]["type"] == "ai"


def test_streams_values_updates_messages_and_custom_events(client: SyncLangGraphClient, thread: str) -> None:
    modes: Any = ["values", "updates", "messages-tuple", "custom"]
    parts = list(client.runs.stream(thread, "agent", input=asking(QUESTION), stream_mode=modes))
    by_event: dict[str, list[Any]] = {}
    for part in parts:
        by_event.setdefault(part.event, []).append(part.data)
    assert "error" not in by_event, by_event["error"]
    nodes = [next(iter(update)) for update in by_event["updates"]]
    assert nodes[:4] == ["begin", "screen", "plan", "review"]
    assert nodes[-2:] == ["verify", "release"]
    assert by_event["values"][-1]["outcome"] == "answered"
    steps = [event for event in by_event["custom"] if "status" in event]
    assert {event["status"] for event in steps} == {"running", "done"}
    pieces = [event["delta"] for event in by_event["custom"] if event.get("event") == "warrant.answer"]
    assert "".join(pieces) == by_event["values"][-1]["messages"][-1]["content"]
    # Nothing that was not released is streamed: the only messages are the answer's.
    told = "".join(message["content"] for message, _ in by_event["messages"] if message["type"] != "human")
    assert told == by_event["values"][-1]["messages"][-1]["content"]


def test_an_approval_interrupts_and_resumes(client: SyncLangGraphClient, thread: str) -> None:
    client.runs.wait(thread, "agent", input=asking(REFUND))
    state = client.threads.get_state(thread)
    assert state["next"] == ["approve"]
    [interrupt] = [i for task in state["tasks"] for i in task["interrupts"]]
    assert interrupt["value"]["action_requests"][0]["name"] == "refund_order"
    assert interrupt["value"]["review_configs"][0]["allowed_decisions"] == DECISIONS
    end = client.runs.wait(thread, "agent", command={"resume": {"decisions": [{"type": "approve"}]}})
    assert end["outcome"] == "answered"
    values: Any = client.threads.get_state(thread)["values"]
    assert [result["status"] for result in values["results"].values()].count("done") >= 1


def test_history_and_a_fork_from_a_checkpoint(client: SyncLangGraphClient, thread: str) -> None:
    client.runs.wait(thread, "agent", input=asking(QUESTION))
    history = client.threads.get_history(thread, limit=50)
    assert len(history) >= 9
    before_answer = next(state for state in history if state["next"] == ["answer"])
    end = client.runs.wait(thread, "agent", input=None, checkpoint=before_answer["checkpoint"])
    assert end["outcome"] == "answered"
    assert len(client.threads.get_history(thread, limit=50)) > len(history)


def test_a_run_can_be_cancelled(server: DevServer) -> None:
    asked = threading.Event()

    def hang(_body: Any) -> Behaviour:
        asked.set()
        return hangs()

    async def go(model: str) -> str:
        async with get_client(url=server.url) as client:
            thread = (await client.threads.create())["thread_id"]
            run = await client.runs.create(thread, "agent", input=asking(QUESTION), context={"model": model})
            assert await asyncio.to_thread(asked.wait, 30)
            await client.runs.cancel(thread, run["run_id"], wait=True)
            return str((await client.runs.get(thread, run["run_id"]))["status"])

    with OpenAIServer(choose=hang) as provider:
        assert asyncio.run(go(f"{provider.url}#slow")) == "interrupted"


def test_a_knob_out_of_its_bounds_is_refused(client: SyncLangGraphClient, thread: str) -> None:
    end: Any = client.runs.wait(
        thread, "agent", input=asking(QUESTION), context={"passages": 1000}, raise_error=False
    )
    assert "less than or equal to 100" in json.dumps(end)


def test_a_conversation_goes_on(client: SyncLangGraphClient, thread: str) -> None:
    client.runs.wait(thread, "agent", input=asking(QUESTION))
    end = client.runs.wait(thread, "agent", input=asking("What is 17% of 340?"))
    assert "57.8" in end["answer"]["text"]
    assert [message["type"] for message in end["messages"]] == ["human", "ai", "human", "ai"]


def test_every_run_of_the_server_leaves_a_trace_with_its_stamp(
    server: DevServer, client: SyncLangGraphClient, thread: str
) -> None:
    client.runs.wait(thread, "agent", input=asking(QUESTION))
    roots: list[Any] = []
    while not (roots and roots[0]["outcome"]):  # the server writes traces behind its runs
        listed = warrant("trace", "list", "--thread", thread, "--json", env=server.env)
        assert listed.returncode == 0, listed.stderr
        roots = json.loads(listed.stdout)
    [root] = roots
    assert root["stamp"]["models"]["chat"] == "offline"
    assert root["outcome"] == "answered"
    shown = warrant("trace", "show", root["trace_id"], "--json", env=server.env)
    kinds = {run["run_type"] for run in json.loads(shown.stdout)["runs"]}
    assert kinds == {"chain", "llm", "tool", "retriever"}


def test_the_log_has_no_blocking_call_and_no_unregistered_type(
    server: DevServer, client: SyncLangGraphClient, thread: str
) -> None:
    client.runs.wait(thread, "agent", input=asking(QUESTION))
    client.threads.get_history(thread)
    log = server.lines()
    for complaint in ("Blocking call", "BlockingError", "unregistered type"):
        assert complaint not in log, log[log.index(complaint) - 500 :][:3000]


def test_the_graphs_are_named_as_modules() -> None:
    config = json.loads((PROJECT / "langgraph.json").read_text(encoding="utf-8"))
    assert config["graphs"] == {"agent": "graphs.agent:agent"}
    assert not Path(config["graphs"]["agent"].split(":")[0]).exists()
