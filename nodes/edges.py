"""The edges: which node is next. They read the state and decide nothing else."""

from collections.abc import Callable, Collection, Iterator
from typing import Literal

from langgraph.types import Send

from state.agent import AgentState, Task
from state.plan import THINKING
from state.schema import Json
from tools.registry import Registry


def after_begin(state: AgentState) -> Literal["screen", "release"]:
    """A usable request is screened."""
    return "release" if state["ending"] else "screen"


def after_screen(state: AgentState) -> Literal["plan", "hold_request", "release"]:
    """An allowed request is planned."""
    if state["ending"]:
        return "release"
    return "hold_request" if state["held"] else "plan"


def after_plan(state: AgentState) -> Literal["review", "release"]:
    """A plan is reviewed; a model that could not be asked ends the run."""
    return "release" if state["ending"] else "review"


def after_review(state: AgentState) -> Literal["schedule", "plan", "release"]:
    """A plan with violations goes back."""
    if state["ending"]:
        return "release"
    return "plan" if state["feedback"] else "schedule"


def after_schedule(
    registry: Registry, asking: Collection[str] = THINKING
) -> Callable[[AgentState], str | list[Send]]:
    """Steps with a warrant run in parallel; else a human is asked, or it goes on.

    Args:
        registry: Says which node runs a step.
        asking: Tools whose steps ask a model, and share what is left of the bounds.
    """

    def route(state: AgentState) -> str | list[Send]:
        if state["ending"]:
            return "release"
        if state["held"]:
            return "hold_result"
        if tasks := _tasks(state, registry, asking):
            return tasks
        if state["awaiting"]:
            return "approve"
        if state["plan"] is None:
            return "plan"
        return "answer" if state["plan"].get("answer") is None else "conclude"

    return route


def after_approve(
    registry: Registry, asking: Collection[str] = THINKING
) -> Callable[[AgentState], str | list[Send]]:
    """What was approved runs; a rejection is scheduled around."""

    # The annotation is what LangGraph reads to know that the edge wants the whole state.
    def route(state: AgentState) -> str | list[Send]:
        return _tasks(state, registry, asking) or "schedule"

    return route


def _tasks(state: AgentState, registry: Registry, asking: Collection[str]) -> list[Send]:
    """The steps that have a warrant and no result, each sent to the node that runs its kind."""
    waiting = [warrant for step, warrant in state["warrants"].items() if step not in state["results"]]
    ready = list(_in_turn(waiting, registry))
    thinking = sum(warrant["tool"] in asking for warrant in ready)
    tasks = [
        Task(
            warrant=warrant,
            scope=state["scope"],
            terms=state["terms"],
            usage=state["usage"],
            share=max(1, thinking),
            read=state.get("read") or {},
        )
        for warrant in ready
    ]
    return [Send(_runner(task["warrant"]["tool"], registry), task) for task in tasks]


def _in_turn(waiting: list[Json], registry: Registry) -> Iterator[Json]:
    """What waits, but of the rounds of a step that writes only the next: effects keep the list's order."""
    begun: set[str] = set()
    for warrant in waiting:
        step, _, nth = warrant["step"].partition(".")
        if not (nth and step in begun and _writes(warrant["tool"], registry)):
            yield warrant
        begun.add(step)


def _writes(name: str, registry: Registry) -> bool:
    return name not in THINKING and registry.policy_of(name).effect != "read"


def _runner(name: str, registry: Registry) -> str:
    if name in THINKING:
        return "think"
    tool = registry.find(name)
    return "retrieve" if tool and tool.retrieves else "execute"


def after_answer(state: AgentState) -> Literal["verify", "release"]:
    """A draft is verified; a model that could not be asked ends the run."""
    return "release" if state["ending"] else "verify"


def after_verify(state: AgentState) -> Literal["release", "answer"]:
    """A draft with violations goes back."""
    return "answer" if state["feedback"] and not state["ending"] else "release"


def after_release(state: AgentState) -> Literal["hold_answer", "__end__"]:
    """What leaves has left, unless a human is to be asked about it."""
    return "hold_answer" if state["held"] else "__end__"


def after_hold_answer(state: AgentState) -> Literal["release", "__end__"]:
    """What was decided has happened; a caller who may not decide it is told so."""
    return "release" if state["held"] else "__end__"
