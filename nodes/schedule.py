"""Schedule: which steps may run now, and what happens when none is left."""

from dataclasses import dataclass
from typing import NotRequired

from langgraph.runtime import Runtime

from nodes.callers import Callers
from nodes.failure import failure
from nodes.steps import Progress
from state.agent import AgentState, Context, Ending, HasRead, Rounds, Terms
from state.plan import Plan, StepResult
from state.schema import Json
from tools.registry import Registry


class ScheduleView(HasRead):
    """The reviewed plan and how far it is."""

    request: str
    held: NotRequired[dict[str, Json]]
    plan: dict[str, Json]
    tainted: bool
    warrants: dict[str, Json]
    results: dict[str, Json]
    rounds: Rounds
    terms: Terms


@dataclass(frozen=True)
class Schedule:
    """Gives ready steps their warrants, closes those that cannot run, and plans anew after a failure."""

    registry: Registry
    caller: Callers

    async def __call__(self, state: ScheduleView, *, runtime: Runtime[Context]) -> AgentState:
        """Look at the results so far and decide what is next; nothing is, while the gate holds one."""
        if state.get("held"):
            return {}
        plan = Plan.model_validate(state["plan"])
        results = {key: StepResult.model_validate(value) for key, value in state["results"].items()}
        registry = self.registry.of(self.caller(runtime))
        progress = Progress(plan, results, registry, state["request"], state["tainted"])
        ready, closed = progress.advance()
        # The others were approved, and wait their turn.
        new = [w for w in ready if w.step not in state["warrants"]]
        free = {w.step: w.model_dump(mode="json") for w in new if not w.reasons}
        asking = {w.step: w.model_dump(mode="json") for w in new if w.reasons}
        update: AgentState = {
            "warrants": free,
            "awaiting": {} if free else asking,
            "results": {key: one.model_dump(mode="json") for key, one in closed.items()},
        }
        if ready:
            return update
        return {**update, **_left(plan, results | closed, state, registry)}


def _left(plan: Plan, results: dict[str, StepResult], state: ScheduleView, registry: Registry) -> AgentState:
    """Nothing is left to run: go on to the answer, or plan anew, or end."""
    rounds, terms, warrants = state["rounds"], state["terms"], state["warrants"]
    mine = [results[step.id] for step in plan.steps if step.id in results]
    unknown = next((result for result in mine if result.status == "unknown"), None)
    if unknown is not None:
        return {"ending": Ending(outcome="needs_input", reason=_unknown(unknown))}
    failed = [result for result in mine if result.status == "failed"]
    feedback = [
        {"path": f"/steps/{one.step}", "message": failure(one, warrants.get(one.step), registry)}
        for one in failed
    ]
    if not failed and not plan.again:
        return {}
    if rounds["replan"] < terms["replans"]:
        return {
            "plan": None,
            "feedback": feedback,
            "in_view": plan.again and not failed,
            "rounds": {**rounds, "plan": 0, "replan": rounds["replan"] + 1},
        }
    return {"ending": Ending(outcome="failed", reason=_closing(failed, terms["replans"]))}


def _unknown(result: StepResult) -> str:
    return (
        f"It is unknown whether step {result.step} ({result.tool}) took effect: {result.error}. "
        "Then go on with: warrant ask --resume and the id of this thread."
    )


def _closing(failed: list[StepResult], replans: int) -> str:
    """Why a run ends in which no plan can follow."""
    if failed:
        return f"Step {failed[0].step} ({failed[0].tool}) failed: {failed[0].error}"
    return (
        f"The plan asks for another one, and limits.replans of {replans} is reached. Raise it in policy.toml."
    )
