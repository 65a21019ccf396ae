"""The wiring of the agent's graph; it reads top to bottom as the way of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from langgraph.graph import START, StateGraph

from models.chat import Chat
from models.gate.streaming import UNGUARDED, Guard
from nodes import edges
from nodes.answer import Answerer, AnswerView
from nodes.approve import Approve, ApproveView
from nodes.begin import Begin, BeginView
from nodes.callers import Callers
from nodes.clearance import Clearance, Cleared, LabelsOf, Otherwise, nothing_indexed
from nodes.conclude import Conclude, ConcludeView
from nodes.execute import Execute
from nodes.gate import Judge
from nodes.hold import Hold, HoldView
from nodes.plan import Planner, PlanView
from nodes.release import Release, ReleaseView
from nodes.retrieve import Retrieve
from nodes.review import Review, ReviewView
from nodes.rewording import Rewording
from nodes.schedule import Schedule, ScheduleView
from nodes.screen import Screen, ScreenView
from nodes.supporting import Supporting
from nodes.think import Think
from nodes.verify import Verify, VerifyView
from state.agent import AgentInput, AgentOutput, AgentState, Context, Task, Terms, checked
from state.plan import THINKING
from state.policy import Policy
from state.schema import Json
from tools.registry import Registry


@dataclass(frozen=True)
class Parts:
    """Everything the nodes are made of; the composition root picks it."""

    policy: Policy
    chat: Callable[[str], Chat]
    """Chat model by name."""
    registry: Registry
    judge: Judge
    caller: Callers
    terms: Callable[[Context], Terms]
    stamp: Callable[[str], dict[str, Json]]
    plan_instructions: str
    answer_instructions: str
    thinking_instructions: dict[str, str]
    """Prompts of `extract` and `compose`."""
    rewording_instructions: str
    labels_of: LabelsOf = nothing_indexed
    guard: Guard = UNGUARDED
    """What guards the released answer as it streams."""
    supporting: Supporting | None = None
    """What judges an answer's claims; None where nothing does."""


Graph: TypeAlias = StateGraph[AgentState, Context, AgentInput, AgentOutput]


def wire(parts: Parts) -> Graph:
    """The graph, uncompiled, so that a server can compile it with its own checkpointer."""
    limits, registry, judge, caller = parts.policy.limits, parts.registry, parts.judge, parts.caller
    graph = StateGraph(AgentState, Context, input_schema=AgentInput, output_schema=AgentOutput)

    clearance = Clearance(caller, parts.labels_of)

    def add(name: str, node: Callable[..., Any], view: type, otherwise: Otherwise = "ends") -> None:
        graph.add_node(name, checked(Cleared(node, clearance, otherwise)), input_schema=view)

    graph.add_node("begin", checked(Begin(parts.terms, parts.stamp)), input_schema=BeginView)
    rewrites = parts.policy.retrieval.rewrites
    rewording = Rewording(parts.chat, limits, parts.rewording_instructions, rewrites)
    add("screen", Screen(judge, limits.request_chars), ScreenView)
    add("plan", Planner(parts.chat, registry, limits, parts.plan_instructions, caller), PlanView)
    add("review", Review(registry, limits, caller), ReviewView)
    add("schedule", Schedule(registry, caller), ScheduleView)
    add("approve", Approve(registry, caller), ApproveView)
    add("retrieve", Retrieve(registry, judge, caller, rewording), Task, "waits")
    add("execute", Execute(registry, judge, caller), Task, "waits")
    add("think", Think(parts.chat, limits, parts.thinking_instructions), Task, "waits")
    add("conclude", Conclude(), ConcludeView)
    add("answer", Answerer(parts.chat, limits, parts.answer_instructions), AnswerView)
    add("verify", Verify(parts.supporting), VerifyView)
    add("release", Release(judge, caller, parts.policy.gate, parts.guard), ReleaseView, "tells")
    for what in ("request", "result", "answer"):
        add(f"hold_{what}", Hold(), HoldView)

    asking = {*THINKING, *(registry.rewording() if rewrites else ())}
    runs = ["retrieve", "execute", "think"]
    graph.add_edge(START, "begin")
    graph.add_conditional_edges("begin", edges.after_begin)
    for node in ("screen", "hold_request"):
        graph.add_conditional_edges(node, edges.after_screen)
    graph.add_conditional_edges("plan", edges.after_plan)
    graph.add_conditional_edges("review", edges.after_review)
    to = [*runs, "hold_result", "approve", "answer", "conclude", "plan", "release"]
    graph.add_conditional_edges("schedule", edges.after_schedule(registry, asking), to)
    graph.add_conditional_edges("approve", edges.after_approve(registry, asking), [*runs, "schedule"])
    for node in (*runs, "hold_result"):
        graph.add_edge(node, "schedule")
    graph.add_edge("conclude", "release")
    graph.add_conditional_edges("answer", edges.after_answer)
    graph.add_conditional_edges("verify", edges.after_verify)
    graph.add_conditional_edges("release", edges.after_release)
    graph.add_conditional_edges("hold_answer", edges.after_hold_answer)
    return graph
