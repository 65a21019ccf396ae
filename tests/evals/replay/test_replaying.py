"""Replays of real graphs of five shapes; every model and tool of them is a tripwire."""

import random
import socket
import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt
from pydantic import BaseModel

from benchmarks.replay_corpus import changed, own_recorded, recorded, respelled
from benchmarks.replay_graphs import LIVE, SHAPES, State, add, look_up
from evals.replay.graph import isolated
from evals.replay.intercept import intercepted
from evals.replay.own import VOLATILE, own_context, own_graph
from evals.replay.recording import recordings
from evals.replay.replaying import Replayed, replay
from evals.replay.tape import DivergedError, Live, Tape, TapeMissError
from evals.replay.volatile import volatile
from graphs.memory import MemorySink
from graphs.tracing import Tracer
from state.trace import Run

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_live() -> Iterator[None]:
    LIVE.clear()
    yield


def built(*nodes: Any, **options: Any) -> Any:
    made: Any = StateGraph(State)
    for before, node in zip((None, *nodes), nodes, strict=False):
        made.add_node(node.__name__, node, **options)
        made.add_edge(before.__name__ if before else START, node.__name__)
    return made


async def traces(graph: Any, *given: Any) -> list[list[Run]]:
    sink = MemorySink()
    compiled = graph.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}, "callbacks": [Tracer([sink])]}
    for one in given or ({"found": []},):
        try:
            await compiled.ainvoke(one, config)
        except ValueError:
            continue
    found: dict[str, list[Run]] = {}
    for run in sink.runs.values():
        found.setdefault(run.trace_id, []).append(run)
    LIVE.clear()
    return list(found.values())


async def again(graph: Any, recorded: list[list[Run]], tape: Tape | None = None) -> Replayed:
    return await replay(isolated(graph), recordings(recorded), tape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 5])
async def test_an_unchanged_graph_is_identical_and_touches_nothing(shape: str, seed: int) -> None:
    sample = await recorded(shape, seed)
    LIVE.clear()
    found = await replay(sample.graph(), recordings(sample.traces))
    assert (found.divergence, found.refused, LIVE) == (None, (), {})
    assert found.answered == sum(len(one.calls) for one in recordings(sample.traces))


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_seeded_change_is_found_and_equal_arguments_are_none(shape: str) -> None:
    sample = await recorded(shape, 2)
    LIVE.clear()
    for name, recording in changed(sample, random.Random(1)):
        assert (await replay(sample.graph(), recording)).divergence, name
    spelled = recordings([respelled(runs) for runs in sample.traces])
    assert (await replay(sample.graph(), spelled)).divergence is None
    assert not LIVE


async def test_a_thread_that_calls_when_the_replay_has_ended_is_not_live() -> None:
    """As a tool in a pool does, whose sibling has ended the run before it began."""
    begin = threading.Event()
    failed: list[DivergedError] = []

    def late() -> None:
        begin.wait(10)
        try:
            add.invoke({"a": 1, "b": 2})
        except DivergedError as error:
            failed.append(error)

    with intercepted(Tape()):
        thread = threading.Thread(target=copy_context().run, args=(late,))
        thread.start()
    begin.set()
    thread.join(10)
    assert failed
    assert not LIVE
    assert add.invoke({"a": 1, "b": 2}) == 3, "outside of a replay tools do what they did"


async def test_our_own_agent_replays_with_its_approval_and_refunds_nothing(tmp_path: Any) -> None:
    sample = await own_recorded(2, tmp_path)
    with own_graph() as graph:
        found = recordings(sample.traces)
        replayed = await replay(graph, found, Tape(volatile(VOLATILE)), context=own_context(found))
    assert len(sample.traces) == 2
    assert replayed.divergence is None


def adding(*pairs: tuple[float, float]) -> Any:
    async def node(_state: State) -> State:
        return {"found": [str(await add.ainvoke({"a": a, "b": b})) for a, b in pairs]}

    return built(node)


@pytest.mark.parametrize(
    ("then", "difference"),
    [
        ([(1, 1), (2, 3)], "argument"),
        ([(2, 2), (1, 1)], "order"),
        ([(1, 1), (2, 2), (3, 3)], "extra"),
        ([(1, 1)], "missing"),
    ],
)
async def test_a_changed_graph_is_told_from_the_recorded_one(then: Any, difference: str) -> None:
    kept = await traces(adding((1, 1), (2, 2)))
    found = (await again(adding(*then), kept)).divergence
    assert found is not None
    assert found.difference == difference
    assert not LIVE


async def test_the_diff_names_call_and_argument() -> None:
    kept = await traces(adding((1, 1), (2, 2)))
    found = (await again(adding((1, 1), (2, 3)), kept)).divergence
    assert found is not None
    assert found.number == 2
    assert '-    "b": 2.0' in found.diff or '-    "b": 2' in found.diff
    assert '+    "b": 3' in found.diff


async def test_a_changed_prompt_is_shown() -> None:
    def asking(text: str) -> Any:
        async def node(_state: State) -> State:
            model = GenericFakeChatModel(messages=iter([AIMessage("yes")]))
            return {"found": [str((await model.ainvoke(text)).content)]}

        return built(node)

    kept = await traces(asking("Is it?\nReally?"))
    found = (await again(asking("Is it?\nCertainly?"), kept)).divergence
    assert found is not None
    assert found.difference == "prompt"
    assert '+    "Certainly?"' in found.diff
    same = await again(asking("Is it?\nCertainly?"), kept, Tape(volatile(["prompt:Really|Certainly"])))
    assert same.divergence is None


async def test_no_recorded_answer_is_given_after_a_divergence() -> None:
    async def stubborn(_state: State) -> State:
        told = []
        for b in (9, 2):
            try:
                told.append(str(await add.ainvoke({"a": 1, "b": b})))
            except TapeMissError as error:
                told.append(type(error).__name__)
        return {"found": told}

    async def node(_state: State) -> State:
        return {"found": [str(await add.ainvoke({"a": 1, "b": b})) for b in (1, 2)]}

    kept = await traces(built(node))
    found = await again(built(stubborn), kept, Tape(on_miss="error"))
    assert found.answered == 0
    root = next(run for run in found.runs if run.parent_run_id is None)
    assert root.outputs is not None
    assert root.outputs["found"] == ["TapeMissError", "TapeMissError"]


async def test_a_miss_can_go_live_and_from_a_step_on_named_tools_are_live() -> None:
    kept = await traces(adding((1, 1), (2, 2)))
    found = await again(adding((1, 1), (2, 3)), kept, Tape(on_miss="live"))
    assert (found.answered, found.live, dict(LIVE)) == (1, 1, {"add": 1})
    LIVE.clear()
    forked = Tape(live=Live(tools=lambda name: name == "add", start=2))
    found = await again(adding((1, 1), (2, 2)), kept, forked)
    assert (found.divergence, found.answered, found.live, dict(LIVE)) == (None, 1, 1, {"add": 1})


async def test_volatile_arguments_may_differ() -> None:
    kept = await traces(adding((1, 1)))
    ignoring = Tape(volatile(["add.b", "state/found"]))
    assert (await again(adding((1, 7)), kept, ignoring)).divergence is None
    assert (await again(adding((2, 1)), kept, Tape(volatile(["add/b"])))).divergence is not None


class OwnError(ValueError):
    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


@tool
def failing(kind: str) -> str:
    """Fail in some way."""
    LIVE["failing"] += 1
    raise OwnError(3, "x") if kind == "own" else KeyError("missing") if kind == "key" else OSError(2, "gone")


async def test_a_recorded_failure_is_caught_as_what_it_was() -> None:
    async def node(_state: State) -> State:
        told = []
        for kind in ("own", "key", "os"):
            try:
                await failing.ainvoke({"kind": kind})
            except (OwnError, KeyError, FileNotFoundError) as error:
                told.append(f"{type(error).__name__} {error}")
        return {"found": told}

    kept = await traces(built(node))
    found = await again(built(node), kept)
    assert (found.divergence, LIVE) == (None, {})


async def test_a_retried_node_fails_as_recorded_and_waits_for_nothing() -> None:
    left = [1, 1]

    @tool
    def flaky() -> str:
        """Fail twice."""
        LIVE["flaky"] += 1
        if left:
            left.pop()
            raise ConnectionError("not yet")
        return "ok"

    async def node(_state: State) -> State:
        return {"found": [await flaky.ainvoke({})]}

    graph = built(node, retry_policy=RetryPolicy(initial_interval=0.01, jitter=False, max_attempts=4))
    kept = await traces(graph)
    slow = built(node, retry_policy=RetryPolicy(initial_interval=60, max_attempts=4))
    found = await again(slow, kept)
    assert (found.divergence, found.answered, LIVE) == (None, 3, {})


async def test_several_interrupts_are_answered_by_their_new_ids() -> None:
    def asking(nth: int) -> Any:
        def node(_state: State) -> State:
            return {"found": [f"{nth} {interrupt(f'q{nth}')}"]}

        return node

    graph: Any = StateGraph(State)
    for nth in (1, 2):
        graph.add_node(f"n{nth}", asking(nth))
        graph.add_edge(START, f"n{nth}")
    saver, sink = InMemorySaver(), MemorySink()
    config: Any = {"configurable": {"thread_id": "t"}, "callbacks": [Tracer([sink])]}
    compiled = graph.compile(checkpointer=saver)
    stopped = await compiled.ainvoke({"found": []}, config)
    await compiled.ainvoke(Command(resume={i.id: f"a{i.value}" for i in stopped["__interrupt__"]}), config)
    kept: dict[str, list[Run]] = {}
    for run in sink.runs.values():
        kept.setdefault(run.trace_id, []).append(run)
    found = await again(graph, list(kept.values()))
    assert found.divergence is None
    assert [run.outputs for run in found.runs if run.parent_run_id is None][-1] == {
        "messages": [],
        "found": ["1 aq1", "2 aq2"],
    }


async def test_a_tool_that_asks_asks_again() -> None:
    @tool
    def careful(what: str) -> str:
        """Ask first."""
        LIVE["careful"] += 1
        return f"{what}: {interrupt({'may I': what})}"

    async def node(_state: State) -> State:
        return {"found": [await careful.ainvoke({"what": "w"})]}

    kept = await traces(built(node), {"found": []}, Command(resume="yes"))
    found = await again(built(node), kept)
    assert (found.divergence, LIVE) == (None, {})


class Wish(BaseModel):
    thing: str


async def test_structured_output_comes_from_the_recording() -> None:
    class Wishing(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **_options: Any) -> Any:
            return self.bind(tools=tools)

    def wishing(thing: str) -> Any:
        async def node(_state: State) -> State:
            call = {"name": "Wish", "args": {"thing": thing}, "id": "1"}
            model = Wishing(messages=iter([AIMessage("", tool_calls=[call])])).with_structured_output(Wish)
            wish = await model.ainvoke("Wish.")
            return {"found": [wish.thing]}

        return built(node)

    kept = await traces(wishing("tea"))
    found = await again(wishing("never asked"), kept)
    assert found.divergence is None
    assert [run.outputs for run in found.runs if run.parent_run_id is None] == [
        {"messages": [], "found": ["tea"]}
    ]


async def test_what_goes_past_the_tape_is_refused_and_open_again_afterwards() -> None:
    async def calm(_state: State) -> State:
        return {"found": ["x"]}

    async def sneaky(_state: State) -> State:
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        except OSError:
            return {"found": ["reached"]}
        return {}

    calm.__name__ = sneaky.__name__ = "node"
    kept = await traces(built(calm))
    found = await again(built(sneaky), kept)
    assert found.refused == ("socket.getaddrinfo",)
    assert found.divergence is not None
    assert found.divergence.difference == "error"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.connect(("127.0.0.1", 9))


async def test_classes_are_as_before_after_a_replay() -> None:
    kept = await traces(adding((1, 1)))
    await again(adding((1, 2)), kept)
    assert await add.ainvoke({"a": 1, "b": 2}) == 3
    assert (await look_up.ainvoke({"key": "k"}))["key"] == "k"
    assert dict(LIVE) == {"add": 1, "look_up": 1}


async def test_a_named_model_is_asked_live_and_the_tools_come_from_the_recording() -> None:
    sample = await recorded("tool_node", 1)
    LIVE.clear()
    replies = [call.run.outputs for call in recordings(sample.traces)[0].calls if call.kind == "model"]
    said = [reply["generations"][0][0]["message"] for reply in replies if reply]
    named = Named(
        messages=iter([AIMessage(one["content"], tool_calls=one.get("tool_calls", [])) for one in said])
    )
    found = await replay(sample.graph(), recordings(sample.traces), Tape(live=Live(models=True)), named)
    assert (found.divergence, found.live, found.answered, LIVE) == (None, 3, 4, {})


class Named(GenericFakeChatModel):
    def bind_tools(self, tools: Any, **_options: Any) -> Any:
        return self.bind(tools=tools)
