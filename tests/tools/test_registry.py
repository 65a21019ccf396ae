"""The registry: the only door to a call, whatever a tool, a warrant or the world does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import RunnableLambda

from state.canonical import digest
from state.errors import UsageError
from state.plan import StepResult, Warrant
from state.policy import Policy
from state.store import Store
from tests.fakes import MemoryLedger
from tools.capability import Caller, Capability, ToolError
from tools.effects import Ledger
from tools.registry import Registry

INPUT = {
    "type": "object",
    "properties": {"n": {"$ref": "#/$defs/small"}, "tag": {"type": "string", "pattern": "^[a-z]+$"}},
    "required": ["n"],
    "additionalProperties": False,
    "$defs": {"small": {"type": "integer", "maximum": 9}},
}
OUTPUT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

Answer = Callable[[dict[str, Any]], Any]


class Tool:
    """A tool that counts its calls; `answer` gives its output, raises, or is awaited."""

    def __init__(self, answer: Answer = dict, output: dict[str, Any] = OUTPUT, name: str = "tool") -> None:
        self.calls: list[dict[str, Any]] = []
        self.answer = answer
        self.capability = Capability(name, "A tool.", INPUT, output, self.call)

    async def call(self, args: dict[str, Any], caller: Caller) -> Any:
        self.calls.append(dict(args))
        answered = self.answer(args)
        return await answered if isinstance(answered, Awaitable) else answered

    def warrant(self, **more: Any) -> Warrant:
        args = more.pop("args", {"n": 1})
        fields = {
            "step": "s1",
            "tool": self.capability.name,
            "tool_digest": self.capability.digest(),
            "args": args,
            "args_digest": digest(args),
            "approved_by": "policy",
        }
        return Warrant.model_validate({**fields, **more})


def registry(tool: Tool, ledger: Ledger | None = None, **policy: Any) -> Registry:
    entry = {"effect": "read", **policy}
    return Registry(
        [tool.capability],
        Policy.model_validate({"tools": {tool.capability.name: entry}}),
        ledger or MemoryLedger(),
    )


def call(door: Registry, warrant: Warrant, scope: str = "thread/turn") -> StepResult:
    return asyncio.run(door.call(warrant, Caller(), scope))


def raising(error: BaseException) -> Answer:
    def answer(args: dict[str, Any]) -> Any:
        raise error

    return answer


def test_a_warranted_call_is_made() -> None:
    tool = Tool()
    result = call(registry(tool), tool.warrant())
    assert (result.status, result.output, result.args, tool.calls) == ("done", {"n": 1}, {"n": 1}, [{"n": 1}])


@pytest.mark.parametrize("effect", ["read", "write", "outward"])
@pytest.mark.parametrize(
    "change",
    [
        {"tool": "other"},
        {"tool_digest": "sha256:0"},
        {"args_digest": digest({"n": 2})},
        {"args_digest": digest({"n": 1.0})},
        {"args": {"n": 10}},
        {"args": {"n": True}},
        {"args": {}},
        {"args": {"n": 1, "extra": 1}},
        {"args": {"n": 1, "tag": "a\n"}},
        {"args": {"n": {"$ref": "s1#"}}},
    ],
)
def test_no_call_without_a_warrant_for_exactly_it(change: dict[str, Any], effect: str) -> None:
    tool, ledger = Tool(), MemoryLedger()
    result = call(registry(tool, ledger, effect=effect), tool.warrant(**change))
    assert (result.status, tool.calls, ledger.rows) == ("failed", [], {})
    assert result.error


def test_a_definition_that_changed_since_the_review_is_refused() -> None:
    tool = Tool()
    warrant, door = tool.warrant(), registry(tool)
    tool.capability.output_schema["description"] = "Now it deletes."
    try:
        assert call(door, warrant).status == "failed"
    finally:
        del OUTPUT["description"]
    assert tool.calls == []


def test_what_needs_a_human_is_refused_to_anyone_else() -> None:
    tool = Tool()
    door = registry(tool, effect="write", approval="always")
    assert "no human approved" in call(door, tool.warrant()).error
    assert tool.calls == []
    assert call(door, tool.warrant(approved_by="human")).status == "done"


def test_a_tool_without_a_policy_entry_does_not_exist() -> None:
    tool = Tool()
    door = Registry([tool.capability], Policy(), MemoryLedger())
    assert (door.allowed(), door.find("tool")) == ([], None)
    assert call(door, tool.warrant()).status == "failed"
    assert tool.calls == []


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (None, "breaks its schema"),
        ({"n": "1"}, "breaks its schema at '/n'"),
        ({"n": float("nan")}, "NaN"),
        ({"n": 2**70}, "64 bits"),
        ({"n": 1, "text": "\ud800"}, "surrogate"),
        ({"n": 1, "bytes": b"x"}, "bytes"),
        ({"n": 1, "text": "x" * 500}, "has 517 bytes, more than the 300"),
        ({"n": 1, "text": "é" * 200}, "has 417 bytes, more than the 300"),
    ],
)
@pytest.mark.parametrize(("effect", "status"), [("read", "failed"), ("write", "unknown")])
def test_an_output_that_cannot_be_used(output: Any, error: str, effect: str, status: str) -> None:
    tool = Tool(lambda _: output)
    result = call(registry(tool, effect=effect, output_bytes=300), tool.warrant())
    assert (result.status, result.output) == (status, None)
    assert error in result.error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (TimeoutError("socket"), "TimeoutError: socket"),
        (KeyError("k"), "KeyError"),
        (RecursionError(), "RecursionError"),
        (ExceptionGroup("two", [ValueError("a")]), "ExceptionGroup"),
        (asyncio.CancelledError(), "cancelled from within"),
    ],
)
@pytest.mark.parametrize(
    ("effect", "status"), [("read", "failed"), ("write", "unknown"), ("outward", "unknown")]
)
def test_whatever_a_tool_raises_is_a_typed_result(error: Any, text: str, effect: str, status: str) -> None:
    tool = Tool(raising(error))
    result = call(registry(tool, effect=effect), tool.warrant())
    assert result.status == status
    assert text in result.error
    assert "took longer" not in result.error


@pytest.mark.parametrize(("effect", "status"), [("read", "failed"), ("write", "unknown")])
def test_a_call_that_takes_too_long_is_stopped(effect: str, status: str) -> None:
    tool = Tool(lambda _: asyncio.sleep(60))
    result = call(registry(tool, effect=effect, timeout_seconds=0.05), tool.warrant())
    assert (result.status, result.error[:28]) == (status, "tool took longer than 0.05 s")
    assert result.seconds < 5


@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("error", [ToolError("No.", "Later."), ValueError("x")])
def test_reads_are_repeated_as_often_as_policy_says(retries: int, error: Exception) -> None:
    tool = Tool(raising(error))
    assert call(registry(tool, retries=retries), tool.warrant()).status == "failed"
    assert len(tool.calls) == 1 + retries


def test_a_repeat_that_works_is_the_result_and_gets_the_reviewed_arguments() -> None:
    def answer(args: dict[str, Any]) -> Any:
        args["n"] = args["n"] + 1
        if len(tool.calls) == 1:
            raise ToolError("Not yet.", "Again.")
        return {"n": 7}

    tool = Tool(answer)
    result = call(registry(tool, retries=1), tool.warrant())
    assert (result.status, result.args, tool.calls) == ("done", {"n": 1}, [{"n": 1}, {"n": 1}])


def test_a_write_that_certainly_failed_may_be_tried_again() -> None:
    tool, ledger = Tool(raising(ToolError("No.", "Later."))), MemoryLedger()
    door = registry(tool, ledger, effect="write")
    assert [call(door, tool.warrant()).status for _ in range(2)] == ["failed", "failed"]
    tool.answer = dict
    assert call(door, tool.warrant()).status == "done"
    assert len(tool.calls) == 3


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield MemoryLedger()
    else:
        store = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
        yield store
        store.close()


def test_a_finished_write_gives_its_recorded_output(ledger: Ledger) -> None:
    tool = Tool()
    first = call(registry(tool, ledger, effect="write"), tool.warrant())
    tool.answer = raising(AssertionError("called again"))
    again = call(registry(tool, ledger, effect="write"), tool.warrant())
    assert (again.status, again.output, len(tool.calls)) == ("done", first.output, 1)


@pytest.mark.parametrize("change", ["scope", "step", "args"])
def test_another_scope_step_or_argument_is_another_effect(change: str, ledger: Ledger) -> None:
    tool = Tool()
    door = registry(tool, ledger, effect="write")
    call(door, tool.warrant())
    warrant = {"step": tool.warrant(step="s2"), "args": tool.warrant(args={"n": 2})}.get(
        change, tool.warrant()
    )
    assert call(door, warrant, "thread/other" if change == "scope" else "thread/turn").status == "done"
    assert len(tool.calls) == 2


def test_a_write_whose_outcome_is_unknown_is_never_made_again(ledger: Ledger) -> None:
    tool = Tool(raising(ConnectionResetError("after sending")))
    door = registry(tool, ledger, effect="outward")
    assert [call(door, tool.warrant()).status for _ in range(3)] == ["unknown"] * 3
    assert len(tool.calls) == 1


def test_concurrent_calls_of_one_write_call_once_and_all_get_its_output(ledger: Ledger) -> None:
    tool = Tool(lambda args: asyncio.sleep(0.05, dict(args)))
    door = registry(tool, ledger, effect="write")

    async def both() -> list[StepResult]:
        return await asyncio.gather(*(door.call(tool.warrant(), Caller(), "s") for _ in range(5)))

    results = asyncio.run(both())
    assert (len(tool.calls), [(r.status, r.output) for r in results]) == (1, [("done", {"n": 1})] * 5)


def test_a_write_that_is_cancelled_stays_unknown(ledger: Ledger) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    tool = Tool(lambda _: hang())
    door = registry(tool, ledger, effect="write")

    async def cancel() -> None:
        going = asyncio.create_task(door.call(tool.warrant(), Caller(), "s"))
        await started.wait()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(cancel())
    tool.answer = dict
    assert call(door, tool.warrant(), "s").status == "unknown"
    assert len(tool.calls) == 1


def test_an_idempotency_key_is_filled_in_at_the_call_and_is_no_part_of_the_warrant(ledger: Ledger) -> None:
    tool = Tool(raising(ConnectionResetError("after sending")))
    keyed = {**INPUT, "properties": {**INPUT["properties"], "key": {"type": "string"}}, "required": ["key"]}
    tool.capability = Capability("tool", "A tool.", keyed, OUTPUT, tool.call)
    door = registry(tool, ledger, effect="write", idempotency="key")
    [planned] = door.allowed()
    assert ("key" in planned.input_schema["properties"], planned.input_schema["required"]) == (False, [])
    result = call(door, tool.warrant(tool_digest=planned.digest()))
    assert (result.status, result.args) == ("unknown", {"n": 1})
    sent = [args.pop("key") for args in tool.calls]
    assert (len(sent), len(set(sent)), tool.calls) == (2, 1, [{"n": 1}] * 2)


def test_an_idempotency_key_needs_an_argument() -> None:
    with pytest.raises(UsageError, match="no argument 'key' for an idempotency key"):
        registry(Tool(), effect="write", idempotency="key")


class Recorder(AsyncCallbackHandler):
    """What LangChain's callbacks see."""

    def __init__(self) -> None:
        self.runs: dict[UUID, tuple[str, str, UUID | None]] = {}
        self.inputs: list[Any] = []
        self.ended: dict[UUID, Any] = {}

    async def on_tool_start(
        self, serialized: Any, input_str: str, *, run_id: UUID, parent_run_id: UUID | None = None, **more: Any
    ) -> None:
        self.runs[run_id] = ("tool", more["name"], parent_run_id)
        self.inputs.append(more["inputs"])

    async def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **more: Any
    ) -> None:
        self.runs[run_id] = ("chain", more["name"], parent_run_id)

    async def on_tool_end(self, output: Any, *, run_id: UUID, **more: Any) -> None:
        self.ended[run_id] = output

    async def on_tool_error(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        self.ended[run_id] = error


def traced(tool: Tool, **policy: Any) -> Recorder:
    recorder, door = Recorder(), registry(tool, **policy)

    async def go(_: None) -> StepResult:
        return await door.call(tool.warrant(), Caller(), "s")

    asyncio.run(RunnableLambda(go, name="outer").ainvoke(None, {"callbacks": [recorder]}))
    return recorder


def test_a_call_is_a_tool_run_and_what_it_starts_is_its_child() -> None:
    inner: RunnableLambda[int, Any] = RunnableLambda(lambda n: {"n": n}, name="inner")
    recorder = traced(Tool(lambda _: inner.ainvoke(1)))
    by_name = {name: (kind, run_id, parent) for run_id, (kind, name, parent) in recorder.runs.items()}
    assert (by_name["tool"][0], by_name["inner"][0]) == ("tool", "chain")
    assert by_name["tool"][2] == by_name["outer"][1]
    assert by_name["inner"][2] == by_name["tool"][1]
    assert recorder.inputs == [{"n": 1}]
    assert recorder.ended == {by_name["tool"][1]: {"n": 1}}


def test_each_attempt_is_a_run_of_its_own_with_its_error() -> None:
    recorder = traced(Tool(raising(ToolError("No.", "Later."))), retries=2)
    assert [str(error) for error in recorder.ended.values()] == ["No. Later."] * 3


def test_a_call_that_is_stopped_ends_its_run() -> None:
    recorder = traced(Tool(lambda _: asyncio.sleep(60)), timeout_seconds=0.05)
    assert [type(error) for error in recorder.ended.values()] == [asyncio.CancelledError]


@pytest.mark.parametrize("name", ["config", "run_manager", "callbacks", "self", "args"])
def test_any_name_may_be_an_argument(name: str) -> None:
    async def run(args: dict[str, Any], caller: Caller) -> Any:
        return args

    tool = Tool()
    tool.capability = Capability("tool", "A tool.", {"type": "object"}, {}, run)
    result = call(registry(tool), tool.warrant(args={name: 1}))
    assert (result.status, result.output) == ("done", {name: 1})


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="Two tools are named 'tool': local and local"):
        Registry([Tool().capability, Tool().capability], Policy(), MemoryLedger())


def test_a_policy_for_a_tool_that_does_not_exist_is_refused() -> None:
    policy = Policy.model_validate({"tools": {"toool": {"effect": "read"}}})
    with pytest.raises(UsageError, match=r"do not exist: toool. Known tools: tool"):
        Registry([Tool().capability], policy, MemoryLedger())


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:1/x"}, {"pattern": "("}])
def test_a_tool_whose_schema_cannot_be_checked_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"The output schema of the tool 'tool' cannot be used"):
        registry(Tool(output=schema))


def test_no_policy_calls_a_tool_a_read_that_writes() -> None:
    tool = Tool()
    tool.capability = replace(tool.capability, writes=True)
    with pytest.raises(UsageError, match="writes, and the policy calls it a read"):
        registry(tool, effect="read")
    assert registry(tool, effect="outward").find("tool")


@pytest.mark.parametrize(
    ("entry", "controls"),
    [
        ({"effect": "read"}, {"n"}),
        ({"effect": "write"}, {"n", "tag"}),
        ({"effect": "write", "control": ["tag"]}, {"n", "tag"}),
    ],
)
def test_what_a_tool_says_is_control_stays_so(entry: dict[str, Any], controls: set[str]) -> None:
    tool = Tool()
    tool.capability = replace(tool.capability, control=("n",))
    assert registry(tool, **entry).policy_of("tool").controls({"n", "tag"}) == controls


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"control": ["m"]}, "control names 'm'"),
        ({"control": ["n"], "sources": {"n": ["other#/x"]}}, "sources names 'other#/x'"),
        ({"trusted": ["/nothing"]}, "'/nothing'"),
        ({"trusted": True, "untrusted": ["/twice/deep"]}, "'/twice/deep'"),
    ],
)
def test_a_name_in_the_policy_that_stands_for_nothing_is_an_error(entry: dict[str, Any], named: str) -> None:
    output = {"type": "object", "properties": {"twice": {"type": "integer"}}, "additionalProperties": False}
    with pytest.raises(UsageError, match=named):
        registry(Tool(output=output), effect="write", **entry)
