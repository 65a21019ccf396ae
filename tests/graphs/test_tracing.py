"""The tracer, on real graphs, with a real store and real processes."""

import asyncio
import json
import logging
import operator
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import UUID, uuid4

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel, SecretStr

from graphs.outbox import CAPACITY, Outbox
from graphs.snapshot import CUT, MAX_CHARS, MAX_VALUES, record, snapshot
from graphs.tracing import Tracer
from state.errors import WarrantError
from state.process import is_gone
from state.store import Store, StoreError
from state.trace import Run

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class State(TypedDict, total=False):
    question: str
    found: Annotated[list[str], operator.add]


class Finder(BaseRetriever):
    def _get_relevant_documents(self, query: str, **_kwargs: Any) -> list[Document]:
        return [Document(f"about {query}", metadata={"source": "a.md"})]


@tool
def double(n: int) -> int:
    """Double a number."""
    return 2 * n


@tool
def explode(n: int) -> int:
    """Fail."""
    raise ValueError(f"no {n}")


def answering(text: str) -> GenericFakeChatModel:
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    meta = {"model_name": "fake-1"}
    return GenericFakeChatModel(
        messages=iter([AIMessage(text, usage_metadata=usage, response_metadata=meta)])
    )


async def begin(_state: State) -> State:
    await adispatch_custom_event("warrant.stamp", {"graph": "sha256:1"})
    await answering("go").ainvoke([HumanMessage("plan?")])
    return {}


def spread(_state: State) -> list[Send]:
    return [Send("worker", {"n": n}) for n in (1, 2)]


async def worker(state: dict[str, int]) -> State:
    return {"found": [str(await double.ainvoke({"n": state["n"]}))]}


async def finish(_state: State) -> State:
    await Finder().ainvoke("tea")
    await adispatch_custom_event("warrant.outcome", "answered")
    return {}


async def ask(_state: State) -> State:
    return {"found": [interrupt({"approve": "refund"})]}


async def fail(_state: State) -> State:
    await explode.ainvoke({"n": 1})
    return {}


def graph(*, last: Any = finish) -> Any:
    built: Any = StateGraph(State)
    built.add_node("begin", begin)
    built.add_node("worker", worker)
    built.add_node("last", last)
    built.add_edge(START, "begin")
    built.add_conditional_edges("begin", spread, ["worker"])
    built.add_edge("worker", "last")
    built.add_edge("last", END)
    return built.compile(checkpointer=MemorySaver(), name="test")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    yield opened
    opened.close()


@pytest.fixture
def tracer(store: Store) -> Tracer:
    return Tracer([Outbox(store.write_runs, "the store")], lambda _model, given, got: given + got / 10)


def config(tracer: Tracer, run_id: UUID | None = None) -> RunnableConfig:
    return {"callbacks": [tracer], "configurable": {"thread_id": "t1"}, "run_id": run_id or uuid4()}


def by_name(runs: list[Run]) -> dict[str, Run]:
    return {run.name: run for run in runs}


async def test_every_run_is_recorded_as_a_tree(store: Store, tracer: Tracer) -> None:
    run_id = uuid4()
    await graph().ainvoke({"question": "q"}, config(tracer, run_id))
    assert tracer.flush()
    runs = store.runs(str(run_id))
    root, named = runs[0], by_name(runs)
    parents = {run.id: run for run in runs}
    tree = sorted(
        (run.name, run.run_type, parents[run.parent_run_id].name) for run in runs if run.parent_run_id
    )
    assert tree == [
        ("Finder", "retriever", "last"),
        ("GenericFakeChatModel", "llm", "begin"),
        ("begin", "chain", "test"),
        ("double", "tool", "worker"),
        ("double", "tool", "worker"),
        ("last", "chain", "test"),
        ("spread", "chain", "begin"),
        ("worker", "chain", "test"),
        ("worker", "chain", "test"),
    ]
    assert {run.status for run in runs} == {"ok"}
    assert root.metadata["thread_id"] == "t1"
    assert root.metadata["stamp"] == {"graph": "sha256:1"}
    assert root.metadata["outcome"] == "answered"
    assert root.outputs == {"question": "q", "found": ["2", "4"]}
    doubled = [(run.inputs, run.outputs) for run in runs if run.name == "double"]
    assert ({"n": 2}, {"output": 4}) in doubled
    assert named["Finder"].outputs == {
        "documents": [
            {"id": None, "metadata": {"source": "a.md"}, "page_content": "about tea", "type": "Document"}
        ]
    }
    for run in runs[1:]:
        assert run.trace_id == root.id
        assert run.dotted_order.startswith(parents[run.parent_run_id or ""].dotted_order + ".")
        assert run.dotted_order.endswith(run.id)
    assert not tracer._open


async def test_a_model_call_has_plain_messages_tokens_and_cost(store: Store, tracer: Tracer) -> None:
    run_id = uuid4()
    await graph().ainvoke({"question": "q"}, config(tracer, run_id))
    tracer.flush()
    call = by_name(store.runs(str(run_id)))["GenericFakeChatModel"]
    assert call.inputs == {"messages": [[{"type": "human", "content": "plan?"}]]}
    assert call.outputs is not None
    generation = call.outputs["generations"][0][0]
    assert generation["text"] == "go"
    assert (generation["message"]["type"], generation["message"]["content"]) == ("ai", "go")
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10, "total_cost": 7.3}
    assert call.metadata["usage_metadata"] == usage
    assert call.seconds is not None


async def test_the_first_token_of_a_stream_is_timed(store: Store, tracer: Tracer) -> None:
    async for _ in answering("one two").astream("hi", config(tracer, run_id := uuid4())):
        pass
    tracer.flush()
    [call] = store.runs(str(run_id))
    first = datetime.fromisoformat(call.extra["first_token_time"])
    assert call.end_time is not None
    assert call.start_time <= first <= call.end_time


async def test_an_error_is_recorded_where_it_was_and_above(store: Store, tracer: Tracer) -> None:
    run_id = uuid4()
    with pytest.raises(ValueError, match="no 1"):
        await graph(last=fail).ainvoke({"question": "q"}, config(tracer, run_id))
    tracer.flush()
    failed = [run for run in store.runs(str(run_id)) if run.status == "error"]
    assert [run.name for run in failed] == ["test", "last", "explode"]
    for run in failed:
        assert (run.error or "").startswith("ValueError('no 1')")
        assert "Traceback" in (run.error or "")
        assert run.end_time is not None


async def test_an_interrupt_is_no_error_and_the_resumed_run_is_a_trace_of_its_thread(
    store: Store, tracer: Tracer
) -> None:
    waiting, first, second = graph(last=ask), uuid4(), uuid4()
    await waiting.ainvoke({"question": "q"}, config(tracer, first))
    await waiting.ainvoke(Command(resume="yes"), config(tracer, second))
    tracer.flush()
    before, after = by_name(store.runs(str(first))), by_name(store.runs(str(second)))
    assert (before["last"].status, before["test"].status) == ("interrupted", "ok")
    assert "refund" in (before["last"].error or "")
    assert after["last"].status == "ok"
    assert [run.id for run in store.traces(thread_id="t1")] == [str(second), str(first)]


async def test_what_a_parallel_failure_leaves_open_is_closed(store: Store, tracer: Tracer) -> None:
    started = asyncio.Event()

    async def slow(_state: State) -> State:
        started.set()
        await asyncio.sleep(60)
        return {}

    async def failing(_state: State) -> State:
        await started.wait()
        raise ValueError("x")

    built: Any = StateGraph(State)
    for name, node in (("slow", slow), ("failing", failing)):
        built.add_node(name, node)
        built.add_edge(START, name)
    run_id = uuid4()
    with pytest.raises(ValueError, match="x"):
        await built.compile().ainvoke({}, config(tracer, run_id))
    tracer.flush()
    runs = by_name(store.runs(str(run_id)))
    assert {name: run.status for name, run in runs.items()} == {
        "LangGraph": "error",
        "slow": "error",
        "failing": "error",
    }
    assert not tracer._open


async def test_changing_an_input_after_the_call_does_not_change_the_record(
    store: Store, tracer: Tracer
) -> None:
    shared: dict[str, Any] = {"rows": [{"n": 1}]}

    @tool
    def read(rows: list[dict[str, int]]) -> list[dict[str, int]]:
        """Read rows."""
        return rows

    await read.ainvoke(shared, config(tracer, run_id := uuid4()))
    shared["rows"][0]["n"] = 99
    shared["rows"].append({"n": 100})
    tracer.flush()
    [call] = store.runs(str(run_id))
    assert call.inputs == {"rows": [{"n": 1}]}


async def test_a_huge_input_is_bounded_and_does_not_hold_the_loop_up(store: Store, tracer: Tracer) -> None:
    @tool
    def swallow(text: str, rows: list[int]) -> str:
        """Take anything."""
        return text

    given = {"text": "x" * 10_000_000, "rows": list(range(1_000_000))}
    await swallow.ainvoke(given, config(tracer, run_id := uuid4()))
    tracer.flush(10)
    [call] = store.runs(str(run_id))
    assert len(call.model_dump_json()) < 3 * MAX_CHARS
    assert call.inputs["text"].endswith(f"{CUT}9000004 of 10000000 characters]")
    assert call.inputs["…"].startswith(CUT)


def test_tracing_can_be_installed_for_runs_that_others_start(tmp_path: Path) -> None:
    code = f"""
import os
from graphs.outbox import Outbox
from graphs.tracing import Tracer, install
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import _tracing_v2_is_enabled
from state.store import Store

store = Store("sqlite:///{tmp_path}/x.db")
other, tracer = (Tracer([Outbox(store.write_runs, "store")]) for _ in range(2))
for each in (other, other, tracer):
    install(each)
inner = RunnableLambda(lambda x: x, name="inner")
RunnableLambda(lambda x: inner.invoke(x), name="outer").invoke(1)
RunnableLambda(lambda x: inner.invoke(x), name="outer").invoke(1, {{"callbacks": [tracer]}})
print(other.flush(), tracer.flush(), _tracing_v2_is_enabled())
print([[run.name for run in store.runs(root.id)] for root in store.traces()])
"""
    # Sending to a closed port would be noticed: LangChain's own tracer must be off although it is asked for.
    env = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "http://127.0.0.1:1", "PATH": ""}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, env=env)
    assert shown.stdout.splitlines() == ["True True False", "[['outer', 'inner'], ['outer', 'inner']]"]
    assert shown.stderr == ""


KILLED = """
import asyncio, sys
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from graphs.outbox import Outbox
from graphs.tracing import Tracer
from state.store import Store

@tool
def refund(order: str) -> str:
    "Refund."
    return "done"

async def first(state): return {"x": await refund.ainvoke({"order": "WR-1"})}
async def second(state):
    print("now", flush=True)
    await asyncio.sleep(60)

built = StateGraph(dict)
built.add_node("first", first); built.add_node("second", second)
built.add_edge(START, "first"); built.add_edge("first", "second")
tracer = Tracer([Outbox(Store(sys.argv[1]).write_runs, "store")])
asyncio.run(built.compile().ainvoke({"x": 1}, {"callbacks": [tracer]}))
"""


def test_a_killed_process_leaves_a_readable_trace(store: Store, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, f"sqlite:///{tmp_path / 'warrant.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        deadline = time.monotonic() + 10
        while len(found := _all(store)) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    statuses = {run.name: run.status for run in found}
    assert statuses == {"LangGraph": "running", "first": "ok", "refund": "ok", "second": "running"}
    assert is_gone(found[0].extra["runtime"]["process"])


def _all(store: Store) -> list[Run]:
    return [run for root in store.traces() for run in store.runs(root.id)]


def test_no_run_waits_for_a_file_or_a_database(store: Store, tracer: Tracer) -> None:
    """By the detector of `langgraph dev`, which would make the tracer fail there."""

    async def go() -> None:
        await graph().ainvoke({"question": "q"}, config(tracer))
        with pytest.raises(ValueError, match="no 1"):
            await graph(last=fail).ainvoke({"question": "q"}, config(tracer))

    with blockbuster_ctx() as detector:
        detector.activate()
        asyncio.run(go())
    assert tracer.flush(5)
    assert len(store.traces()) == 2


def test_recording_costs_little(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the cost of a record; the bound is generous, for a machine that does other things meanwhile."""
    tracer = Tracer([Outbox(store.write_runs, "the store")])
    state = {
        "messages": [HumanMessage("hello " * 50)] * 5,
        "passages": [{"text": "t" * 500, "score": 0.5}] * 6,
    }
    meta = {"thread_id": "t", "langgraph_node": "n", "langgraph_triggers": ("a", "b"), "langgraph_step": 1}
    count, root = 500, uuid4()
    tracer.on_chain_start({}, state, run_id=root, name="root")
    began = time.thread_time()
    for _ in range(count):
        run_id = uuid4()
        tracer.on_chain_start({}, state, run_id=run_id, parent_run_id=root, name="n", metadata=meta)
        tracer.on_chain_end(state, run_id=run_id)
    each = (time.thread_time() - began) / (2 * count) * 1e6
    tracer.on_chain_end({}, run_id=root)
    assert tracer.flush(20)
    with capsys.disabled():
        sys.stdout.write(f"\n{each:.0f} µs of CPU a record\n")
    assert each < 2_000


def test_a_store_that_fails_is_said_once_and_everything_arrives_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    arrived: list[Run] = []
    failures = 2

    def deliver(runs: list[Run]) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreError("The store is locked.", "Try again.")
        arrived.extend(runs)

    outbox = Outbox(deliver, "the store", first_pause=0.01)
    with caplog.at_level(logging.WARNING, logger="warrant"):
        for n in range(5):
            outbox.put(_run(str(n)), urgent=True)
            outbox.flush(1)
        deadline = time.monotonic() + 10
        while not outbox.flush(1) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert sorted(run.id for run in arrived) == list("01234")
    assert outbox.lost == 0
    assert len(caplog.records) == 1
    assert "Try again." in caplog.text


def test_a_full_outbox_loses_new_runs_and_counts_them_but_takes_the_ends_of_those_it_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def deliver(_runs: list[Run]) -> None:
        raise WarrantError("No.", "Wait.")

    outbox = Outbox(deliver, "nowhere")
    for n in range(CAPACITY + 10):
        outbox.put(_run(str(n)), urgent=False)
    outbox.put(_run("0", outputs={"x": 1}), urgent=True)
    assert not outbox.flush(0.5)
    assert outbox.lost == 10
    assert "No. Wait." in caplog.text


def test_a_record_that_cannot_be_delivered_does_not_end_tracing(caplog: pytest.LogCaptureFixture) -> None:
    arrived: list[Run] = []

    def deliver(runs: list[Run]) -> None:
        if runs[0].id == "bad":
            raise TypeError("cannot")
        arrived.extend(runs)

    outbox = Outbox(deliver, "the store")
    for name in ("bad", "good"):
        outbox.put(_run(name), urgent=True)
        assert outbox.flush(5)
    assert [run.id for run in arrived] == ["good"]
    assert outbox.lost == 1
    assert "could not be delivered" in caplog.text


def _run(name: str, **fields: object) -> Run:
    order = {"trace_id": name, "dotted_order": name, "start_time": datetime.now(UTC)}
    return Run.model_validate({"id": name, "name": name, "run_type": "chain", **order, **fields})


class Color(StrEnum):
    RED = "red"


class Secretive(BaseModel):
    key: SecretStr
    path: Path


def test_a_snapshot_is_plain_json_whatever_it_is_given() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    loop: list[Any] = []
    loop.append(loop)
    given = {
        1: float("nan"),
        "odd": Odd(),
        "set": {1},
        "bytes": b"x",
        "loop": loop,
        "secret": Secretive(key=SecretStr("hunter2"), path=Path("/x")),
        "send": Send("n", {"a": 1}),
        "error": ValueError("no"),
        "id": UUID(int=1),
        "big": 10**5_000,
        "enum": Color.RED,
    }
    plain = snapshot(given)
    assert "hunter2" not in json.dumps(plain)
    assert plain["1"] == "nan"
    assert plain["secret"]["path"] == "/x"
    assert plain["send"] == {"node": "n", "arg": {"a": 1}}
    assert plain["error"] == "ValueError: no"
    assert plain["odd"].startswith("<")
    assert plain["big"].startswith(CUT)
    assert type(plain["enum"]) is str


def test_a_snapshot_of_many_values_is_cut() -> None:
    many = snapshot({"rows": [[n] for n in range(10 * MAX_VALUES)]})
    assert len(many["rows"]) <= MAX_VALUES
    assert CUT in json.dumps(many["rows"][-1], ensure_ascii=False)


def test_what_is_no_object_is_wrapped() -> None:
    assert record([1]) == {"value": [1]}
