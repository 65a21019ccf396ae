"""The airline's conversation as a LangGraph graph: model, tools, and a user who is asked by interrupt."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from benchmarks.tau_airline.environment import TRANSFER, Airline, AirlineWorld
from benchmarks.tau_airline.recordings import STOP, Recording, trajectory
from benchmarks.tau_airline.replay import answer
from benchmarks.tau_airline.turns import DivergedError, RecordedTurns, user_turn
from evals.trajectory import Call, Trajectory

MAX_TURNS = 30
"""Of the model in one conversation, after which τ-bench cuts it off."""

Compiled: TypeAlias = CompiledStateGraph[MessagesState, "Outside", MessagesState, MessagesState]


@dataclass(frozen=True, slots=True)
class Outside:
    """What a conversation is had with."""

    model: BaseChatModel
    world: AirlineWorld


def conversation() -> Compiled:
    """The graph, compiled with a checkpointer in memory."""
    graph: StateGraph[MessagesState, Outside, MessagesState, MessagesState] = StateGraph(
        MessagesState, context_schema=Outside
    )
    graph.add_node("model", _model)
    graph.add_node("tools", _tools)
    graph.add_node("user", _user)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _after_model)
    graph.add_conditional_edges("tools", _after_tools, ["model", END])
    graph.add_conditional_edges("user", _after_user, ["model", END])
    return graph.compile(checkpointer=InMemorySaver())


def _model(state: MessagesState, runtime: Runtime[Outside]) -> dict[str, Any]:
    return {"messages": [runtime.context.model.invoke(state["messages"])]}


def _tools(state: MessagesState, runtime: Runtime[Outside]) -> dict[str, Any]:
    asked = state["messages"][-1]
    assert isinstance(asked, AIMessage)
    return {
        "messages": [
            ToolMessage(
                answer(runtime.context.world, Call(call["name"], call["args"])),
                name=call["name"],
                tool_call_id=call["id"],
            )
            for call in asked.tool_calls
        ]
    }


def _user(state: MessagesState) -> dict[str, Any]:
    return {"messages": [HumanMessage(interrupt(state["messages"][-1].text))]}


def _after_model(state: MessagesState) -> Literal["tools", "user"]:
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "user"


def _after_tools(state: MessagesState) -> str:
    return END if state["messages"][-1].name == TRANSFER else _another_turn(state)


def _after_user(state: MessagesState) -> str:
    return END if STOP in state["messages"][-1].text else _another_turn(state)


def _another_turn(state: MessagesState) -> str:
    turns = sum(isinstance(message, AIMessage) for message in state["messages"])
    return "model" if turns < MAX_TURNS else END


def converse(graph: Compiled, airline: Airline, recording: Recording, thread: str) -> Trajectory:
    """Have the recorded conversation again on a fresh world, as far as it stays the recorded one."""
    recorded = convert_to_messages(recording.messages)
    outside = Outside(RecordedTurns(recorded=recorded), airline.world())
    config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": 3 * MAX_TURNS}
    first = next(at for at, message in enumerate(recorded) if isinstance(message, AIMessage))
    given: Any = {"messages": recorded[:first]}
    try:
        while True:
            found = graph.invoke(given, config, context=outside, durability="exit")
            if "__interrupt__" not in found:
                return trajectory([_plain(message) for message in found["messages"]])
            given = Command(resume=user_turn(recorded, found["messages"]))
    except DivergedError as diverged:
        return trajectory([_plain(message) for message in diverged.messages])


def _plain(message: BaseMessage) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": ROLES[message.type], "content": message.content, "name": message.name}
    if isinstance(message, AIMessage) and message.tool_calls:
        plain["tool_calls"] = [
            {"id": call["id"], "function": {"name": call["name"], "arguments": call["args"]}}
            for call in message.tool_calls
        ]
    if isinstance(message, ToolMessage):
        plain["tool_call_id"] = message.tool_call_id
    return plain


ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}
