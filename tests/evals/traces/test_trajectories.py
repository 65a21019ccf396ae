"""Trajectories of the shapes of graph that people build, recorded by our own tracer."""

from operator import add as joined
from typing import Annotated, Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, interrupt

from evals.traces.trajectories import trajectory_of_messages, trajectory_of_runs
from evals.traces.transcripts import record_of
from graphs.tracing import Tracer
from state.trace import Run


class Sink:
    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}

    def put(self, run: Run, *, urgent: bool) -> None:
        self.runs[run.id] = run

    def flush(self, _timeout: float) -> bool:
        return True


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def fail(x: int) -> int:
    """Fail."""
    raise ValueError(f"no {x}")


@tool
def nested(a: int) -> int:
    """Call another tool."""
    found: int = add.invoke({"a": a, "b": 1})
    return found


@tool
def ask(question: str) -> str:
    """Ask a human."""
    answer: str = interrupt(question)
    return answer


def asks(name: str, **args: Any) -> dict[str, Any]:
    return {"name": name, "args": args, "id": "1"}


SCRIPT = [
    AIMessage("", tool_calls=[asks("add", a=1, b=2), asks("fail", x=3)]),
    AIMessage("Hm.", tool_calls=[asks("nested", a=5)]),
    AIMessage("Six."),
]


def react() -> CompiledStateGraph[Any, Any, Any, Any]:
    def model(state: MessagesState) -> dict[str, Any]:
        said = sum(message.type == "ai" for message in state["messages"])
        return {"messages": [GenericFakeChatModel(messages=iter([SCRIPT[said]])).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode([add, fail, nested], handle_tool_errors=True))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile()


def recorded(graph: CompiledStateGraph[Any, Any, Any, Any], *inputs: Any) -> list[Run]:
    sink = Sink()
    for given in inputs:
        graph.invoke(given, {"callbacks": [Tracer([sink])], "configurable": {"thread_id": "1"}})
    return list(sink.runs.values())


QUESTION = {"messages": [HumanMessage("What is 5 + 1?")]}


def test_of_a_tool_node_the_calls_of_the_model_count_and_not_those_of_a_tool() -> None:
    found = trajectory_of_runs(recorded(react(), QUESTION), {"add": "read"})
    calls = [(call.tool, call.args, call.output, call.error, call.turn, call.effect) for call in found.calls]
    assert calls == [
        ("add", {"a": 1, "b": 2}, "3", None, 2, "read"),
        ("fail", {"x": 3}, None, "ValueError('no 3')", 2, None),
        ("nested", {"a": 5}, "6", None, 4, None),
    ]
    assert (found.input, found.said, found.answer) == ("What is 5 + 1?", ("Hm.", "Six."), "Six.")
    assert (found.ended, found.steps, found.usage.model_calls, found.outcome) == (True, 5, 3, None)


def test_a_transcript_of_a_tool_node_is_its_messages() -> None:
    found = trajectory_of_messages(record_of(recorded(react(), QUESTION), "openai")["messages"])
    assert [(call.tool, call.args) for call in found.calls] == [
        ("add", {"a": 1, "b": 2}),
        ("fail", {"x": 3}),
        ("nested", {"a": 5}),
    ]
    assert found.said == ("Hm.", "Six.")


def test_calls_of_a_subgraph_come_before_those_of_the_next_node() -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("inner", react())
    graph.add_node("direct", lambda _: {"messages": [AIMessage(str(add.invoke({"a": 9, "b": 9})))]})
    graph.add_edge(START, "inner")
    graph.add_edge("inner", "direct")
    found = trajectory_of_runs(recorded(graph.compile(), QUESTION))
    assert [(call.tool, call.turn) for call in found.calls] == [
        ("add", 1),
        ("fail", 1),
        ("nested", 2),
        ("add", 3),
    ]
    assert found.said[-1] == "18"


def test_a_run_that_was_resumed_is_one_trajectory_and_its_call_one_call() -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("asks", lambda _: {"messages": [AIMessage(ask.invoke({"question": "sure?"}))]})
    graph.add_edge(START, "asks")
    runs = recorded(graph.compile(checkpointer=MemorySaver()), QUESTION, Command(resume="yes"))
    waiting = trajectory_of_runs([run for run in runs if run.trace_id == runs[0].trace_id])
    assert (waiting.outcome, waiting.ended, waiting.said) == ("needs_input", True, ())
    both = trajectory_of_runs(runs)
    assert [(call.tool, call.output, call.error) for call in both.calls] == [("ask", "yes", None)]
    assert (both.input, both.said, both.outcome) == ("What is 5 + 1?", ("yes",), None)
    resumed = [run for run in runs if run.trace_id != runs[0].trace_id]
    assert trajectory_of_runs(resumed).input == "What is 5 + 1?"
    said = record_of(resumed, "openai")["messages"]
    assert [(one["role"], one["content"]) for one in said] == [
        ("user", "What is 5 + 1?"),
        ("assistant", None),
        ("tool", "yes"),
        ("assistant", "yes"),
    ]


def run(name: str, order: int = 0, **fields: Any) -> Run:
    at = f"2026-11-20T12:00:0{order}Z"
    known = {
        "run_type": "chain",
        "start_time": at,
        "end_time": at,
        "parent_run_id": "root" if order else None,
    }
    return Run.model_validate(
        {"id": name, "trace_id": "root", "dotted_order": f"{order}", "name": name, **known, **fields}
    )


@pytest.mark.parametrize(
    ("inputs", "args"),
    [
        ({"input": "{'a': 1, 'b': None}"}, {"a": 1, "b": None}),
        ({"input": '{"a": true}'}, {"a": True}),
        ({"input": "weather in Rome"}, {"input": "weather in Rome"}),
        ({"input": "[" * 5_000}, {"input": "[" * 5_000}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_arguments_that_were_recorded_as_a_text_are_an_object_again(
    inputs: dict[str, Any], args: object
) -> None:
    found = trajectory_of_runs([run("root"), run("f", 1, run_type="tool", inputs=inputs)])
    assert [call.args for call in found.calls] == [args]


@pytest.mark.parametrize(
    ("outputs", "output", "error"),
    [
        ({"output": {"type": "tool", "content": "no\nway", "status": "error"}}, "no\nway", "no"),
        ({"output": {"lc": 1, "id": ["x", "ToolMessage"], "kwargs": {"content": "3"}}}, "3", None),
        ({"output": {"update": {"messages": [{"type": "tool", "content": "3"}]}}}, "3", None),
        ({"output": {"type": "tool"}}, {"type": "tool"}, None),
        ({"a": 1, "output": 2}, {"a": 1, "output": 2}, None),
    ],
)
def test_a_result_is_taken_out_of_its_message(
    outputs: dict[str, Any], output: object, error: str | None
) -> None:
    found = trajectory_of_runs([run("root"), run("f", 1, run_type="tool", outputs=outputs)])
    assert [(call.output, call.error) for call in found.calls] == [(output, error)]


def test_a_killed_run_keeps_what_its_nodes_wrote() -> None:
    wrote = {"verdicts": [{"place": "screen"}], "plan": {"steps": []}}
    runs = [run("root", end_time=None), run("screen", 1, outputs=wrote), run("f", 2, run_type="tool")]
    found = trajectory_of_runs([*runs[:2], runs[2].model_copy(update={"end_time": None})])
    assert (found.ended, found.verdicts, found.plan) == (False, ({"place": "screen"},), {"steps": []})
    assert found.calls[0].error is not None


def test_a_killed_run_whose_channels_were_emptied_for_its_turn_keeps_what_came_then() -> None:
    emptied = {"verdicts": None, "results": None, "violations": None}
    wrote = {"verdicts": [{"place": "screen"}], "results": {"s1": {}}}
    runs = [run("root", end_time=None), run("begin", 1, outputs=emptied), run("screen", 2, outputs=wrote)]
    found = trajectory_of_runs(runs)
    assert (found.ended, found.verdicts, found.violations) == (False, ({"place": "screen"},), ())


class Inner(MessagesState):
    verdicts: Annotated[list[dict[str, str]], joined]
    plan: dict[str, Any]
    answer: str


def test_what_a_graph_keeps_to_itself_tells_the_way_also_before_it_was_resumed() -> None:
    graph = StateGraph(Inner, output_schema=MessagesState)
    wrote = {"verdicts": [{"place": "screen"}], "plan": {"steps": []}, "answer": "not said"}
    graph.add_node("screen", lambda _: wrote)
    graph.add_node("asks", lambda _: {"messages": [AIMessage(ask.invoke({"question": "sure?"}))]})
    graph.add_node("release", lambda _: {"verdicts": [{"place": "release"}]})
    graph.add_edge(START, "screen")
    graph.add_edge("screen", "asks")
    graph.add_edge("asks", "release")
    runs = recorded(graph.compile(checkpointer=MemorySaver()), QUESTION, Command(resume="yes"))
    found = trajectory_of_runs(runs)
    assert found.verdicts == ({"place": "screen"}, {"place": "release"})
    assert (found.plan, found.said, found.answer) == ({"steps": []}, ("yes",), "yes")


def test_no_runs_are_no_trajectory() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        trajectory_of_runs([])
