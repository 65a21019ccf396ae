"""Sending runs to LangSmith, to a server that speaks its protocol and to endpoints that do not answer."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langsmith import Client

from graphs.langsmith_export import LangSmithExport
from graphs.outbox import Outbox, RefusedError
from graphs.tracing import Tracer
from state.store import Store
from state.trace import Run
from tests.servers.langsmith_server import LangSmithServer, langsmith_server

PLANTED = "sk-" + "planted0secret" * 3


@pytest.fixture
def server() -> Iterator[LangSmithServer]:
    with langsmith_server() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    yield opened
    opened.close()


def export_to(url: str) -> LangSmithExport:
    return LangSmithExport(url, "the-key", "the-project")


def run(**fields: Any) -> Run:
    run_id = str(uuid4())
    order = {"id": run_id, "trace_id": run_id, "dotted_order": f"20261120T120000000000Z{run_id}"}
    return Run(**{"name": "n", "run_type": "chain", "start_time": datetime.now(UTC), **order, **fields})


def inner(_: Any, config: RunnableConfig) -> Any:
    model = GenericFakeChatModel(messages=iter([AIMessage(f"the key is {PLANTED}")]))
    for _chunk in model.stream(f"tell {PLANTED}", config):
        pass
    raise ValueError(f"no {PLANTED}")


def test_the_same_runs_arrive_with_nothing_that_must_stay(server: LangSmithServer, store: Store) -> None:
    export = export_to(server.url)
    tracer = Tracer([Outbox(store.write_runs, "the store"), Outbox(export.send, "LangSmith")])
    metadata = {"thread_id": "t1", "note": PLANTED}
    given: RunnableConfig = {
        "callbacks": [tracer],
        "metadata": metadata,
        "tags": [PLANTED],
        "run_id": uuid4(),
    }
    with pytest.raises(ValueError, match="no sk"):
        RunnableLambda(inner, name="outer").invoke({PLANTED: [PLANTED], "password": "hunter2"}, given)
    assert tracer.flush(10)
    kept = {each.id: each for each in store.runs(str(given["run_id"]))}
    assert len(kept) == 2
    assert server.runs.keys() == kept.keys()
    for run_id, sent in server.runs.items():
        for field in ("trace_id", "dotted_order", "parent_run_id", "run_type"):
            assert sent.get(field) == getattr(kept[run_id], field)
        assert sent["session_name"] == "the-project"
        assert "runtime" not in sent["extra"], "the machine's name stays here"
        assert sent["extra"]["metadata"]["thread_id"] == "t1"
    assert not any(secret in body for body in server.bodies for secret in (PLANTED.encode(), b"hunter2"))
    outer = server.runs[str(given["run_id"])]
    assert outer["inputs"] == {"[api_key]": ["[api_key]"], "password": "[secret]"}
    assert outer["error"].startswith("ValueError('no [api_key]')")
    assert set(server.keys) == {"the-key"}
    assert [each["events"][0]["name"] for each in server.runs.values() if "events" in each] == ["new_token"]


def test_a_run_is_created_when_it_begins_and_completed_when_it_ends(server: LangSmithServer) -> None:
    export, begun = export_to(server.url), run()
    ended = begun.model_copy(update={"end_time": datetime.now(UTC), "outputs": {"x": 1}})
    export.send([begun])
    export.send([ended])
    assert server.operations == [("post", begun.id), ("patch", begun.id)]
    assert server.runs[begun.id]["outputs"] == {"x": 1}
    assert not export._known


def test_many_runs_go_in_several_requests(server: LangSmithServer) -> None:
    export_to(server.url).send([run() for _ in range(45)])
    assert (len(server.runs), len(server.bodies)) == (45, 3)


def test_a_server_that_recovers_gets_what_it_missed(
    server: LangSmithServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = 503
    outbox = Outbox(export_to(server.url).send, "LangSmith", first_pause=0.05)
    now = datetime.now(UTC)
    for _ in range(3):
        outbox.put(run(end_time=now), urgent=True)
        assert not outbox.flush(5)
    server.status = 202
    assert server.wait_for(3)
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == ["warrant"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_says_what_to_set(server: LangSmithServer, status: int) -> None:
    server.status = status
    with pytest.raises(RefusedError, match="LANGSMITH_API_KEY"):
        export_to(server.url).send([run()])


def test_runs_that_the_server_refuses_are_not_sent_for_ever(server: LangSmithServer) -> None:
    server.status = 422
    outbox = Outbox(export_to(server.url).send, "LangSmith", first_pause=0.01)
    outbox.put(run(), urgent=True)
    assert outbox.flush(5)
    assert outbox.lost == 1


def test_the_server_of_these_tests_speaks_the_protocol_of_the_sdk(server: LangSmithServer) -> None:
    """The SDK's own way, compressed: were it refused, the tests above would show nothing."""
    client, sent = Client(server.url, api_key="k"), run(inputs={"a": 1})
    client.create_run(
        **sent.model_dump(include={"id", "trace_id", "dotted_order", "name", "run_type", "inputs"})
    )
    client.update_run(sent.id, trace_id=sent.id, dotted_order=sent.dotted_order, end_time=datetime.now(UTC))
    assert server.wait_for(1)
    client.cleanup()
    assert server.runs[sent.id]["inputs"] == {"a": 1}


@pytest.fixture
def closed() -> str:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and never answers."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    held.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    for each in held:
        each.close()


UNREACHABLE = """
import json, logging, sys, time
from langchain_core.runnables import RunnableLambda
from graphs.langsmith_export import LangSmithExport
from graphs.outbox import Outbox
from graphs.tracing import Tracer, install
from state.store import Store

logging.basicConfig(format="%(name)s: %(message)s")
store = Store(sys.argv[1])
sinks = [Outbox(store.write_runs, "the store")]
if sys.argv[2] != "off":
    sinks.append(Outbox(LangSmithExport(sys.argv[2], "k", "p").send, "LangSmith"))
tracer = Tracer(sinks)
install(tracer)
inner = RunnableLambda(lambda x: x, name="inner")
def outer(x):
    for _ in range(10):
        inner.invoke(x)
    return x
times = []
for _ in range(20):
    began = time.perf_counter()
    RunnableLambda(outer).invoke({"text": "x" * 1000})
    times.append(time.perf_counter() - began)
print(json.dumps({"worst": max(times[1:]), "median": sorted(times)[10], "ended": time.time()}))
"""


@pytest.mark.parametrize("endpoint", ["closed", "silent"])
def test_an_unreachable_endpoint_slows_no_run_is_said_once_and_the_process_exits(
    endpoint: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    measured = {}
    for name, url in (("off", "off"), (endpoint, request.getfixturevalue(endpoint))):
        command = [sys.executable, "-c", UNREACHABLE, f"sqlite:///{tmp_path / f'{name}.db'}", url]
        env = {**os.environ, "LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "http://127.0.0.1:1"}
        shown = subprocess.run(command, capture_output=True, text=True, check=True, env=env, timeout=60)
        measured[name] = {**json.loads(shown.stdout), "exited": time.time(), "said": shown.stderr}
    typical = measured[endpoint]["median"] - measured["off"]["median"]
    worst = measured[endpoint]["worst"] - measured["off"]["worst"]
    exiting = measured[endpoint]["exited"] - measured[endpoint]["ended"]
    sys.stdout.write(
        f"{endpoint}: {typical * 1e3:+.1f} ms a run, {worst * 1e3:+.1f} at worst, exit {exiting:.2f} s\n"
    )
    assert typical < 0.05
    assert worst < 0.5, "the slowest of 20 also shows what else the machine does"
    assert exiting < 2
    assert measured["off"]["said"] == ""
    said = measured[endpoint]["said"].splitlines()
    assert len(said) == 1
    assert said[0].startswith("warrant: ")
    store = Store(f"sqlite:///{tmp_path / f'{endpoint}.db'}")
    assert len(store.traces(100)) == 20
    store.close()
