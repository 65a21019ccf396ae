"""Plan: asks a model for the whole plan."""

from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime

from models.chat import Chat
from nodes.asking import ask, prompt
from nodes.callers import Callers
from nodes.failure import failure
from nodes.history import history
from state.agent import AgentState, Context, HasRead, Terms
from state.plan import StepResult, plan_schema
from state.policy import Limits
from state.schema import Json
from state.usage import Usage
from tools.capability import Capability
from tools.registry import Registry


class PlanView(HasRead):
    """What a planner may know."""

    request: str
    messages: list[AnyMessage]
    terms: Terms
    feedback: list[dict[str, Json]]
    warrants: dict[str, Json]
    results: dict[str, Json]
    in_view: bool
    usage: dict[str, Json]


@dataclass(frozen=True)
class Planner:
    """Proposes a plan; nothing runs before it is reviewed."""

    chat: Callable[[str], Chat]
    registry: Registry
    limits: Limits
    instructions: str
    caller: Callers

    async def __call__(self, state: PlanView, *, runtime: Runtime[Context]) -> AgentState:
        """Ask once; the reply may violate its schema, which review says."""
        registry = self.registry.of(self.caller(runtime))
        asked = await ask(
            self.chat(state["terms"]["model"]),
            prompt("plan", self.instructions, plan_schema(), _sections(state, registry)),
            Usage.model_validate(state["usage"]),
            self.limits,
        )
        return {
            **asked.update,
            "plan": asked.value,
            # An answer given earlier holds words of documents, and a failed step words of a tool.
            "tainted": bool(state["results"]) or len(state["messages"]) > 1,
        }


def _sections(state: PlanView, registry: Registry) -> dict[str, Json]:
    results = [StepResult.model_validate(result) for result in state["results"].values()]
    return {
        "request": state["request"],
        "history": history(state["messages"]),
        "tools": [_offer(tool, registry) for tool in registry.allowed()],
        "data_schema": state["terms"]["answer_schema"],
        "finished": [_outcome(result, state, registry) for result in results] or None,
        "violations": state["feedback"] or None,
    }


def _offer(tool: Capability, registry: Registry) -> Json:
    return {**tool.definition(), "effect": registry.policy_of(tool.name).effect, "retrieves": tool.retrieves}


def _outcome(result: StepResult, state: PlanView, registry: Registry) -> Json:
    """A finished step as the planner sees it: no words of others, unless it asked for them."""
    shown: dict[str, Json] = {"step": result.step, "tool": result.tool, "status": result.status}
    if result.quarantined:
        shown["quarantined"] = "A model may see only what a typed extract takes from it."
    elif state["in_view"]:
        return {**shown, "args": result.args, "error": result.error, "output": result.output}
    warrant = state["warrants"].get(result.step)
    origins = (warrant or {}).get("origins", {})
    own = {name: value for name, value in result.args.items() if origins.get(name, []) in ([], ["literal"])}
    told = {"error": failure(result, warrant, registry)} if result.status != "done" else {}
    return {**shown, "args": own if origins or not result.args else {}, **told}
