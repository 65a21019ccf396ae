"""Plan: asks a model for the whole plan."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from langchain_core.messages import AnyMessage

from models.chat import Chat
from nodes.asking import ask, prompt
from nodes.history import history
from state.agent import AgentState, Terms
from state.plan import StepResult, plan_schema
from state.policy import Limits
from state.schema import Json
from state.usage import Usage
from tools.capability import Capability
from tools.registry import Registry


class PlanView(TypedDict):
    """What a planner may know."""

    request: str
    messages: list[AnyMessage]
    terms: Terms
    feedback: list[dict[str, Json]]
    results: dict[str, Json]
    usage: dict[str, Json]


@dataclass(frozen=True)
class Planner:
    """Proposes a plan; nothing runs before it is reviewed."""

    chat: Callable[[str], Chat]
    registry: Registry
    limits: Limits
    instructions: str

    async def __call__(self, state: PlanView) -> AgentState:
        """Ask once; the reply may violate its schema, which review says."""
        asked = await ask(
            self.chat(state["terms"]["model"]),
            prompt("plan", self.instructions, plan_schema(), self._sections(state)),
            Usage.model_validate(state["usage"]),
            self.limits,
        )
        return {
            **asked.update,
            "plan": asked.value,
            # An answer given earlier holds words of documents, and a failed step words of a tool.
            "tainted": bool(state["results"]) or len(state["messages"]) > 1,
        }

    def _sections(self, state: PlanView) -> dict[str, Json]:
        return {
            "request": state["request"],
            "history": history(state["messages"]),
            "tools": [self._offer(tool) for tool in self.registry.allowed()],
            "finished": [_outcome(StepResult.model_validate(r)) for r in state["results"].values()] or None,
            "violations": state["feedback"] or None,
        }

    def _offer(self, tool: Capability) -> Json:
        effect = self.registry.policy_of(tool.name).effect
        return {**tool.definition(), "effect": effect, "retrieves": tool.retrieves}


def _outcome(result: StepResult) -> Json:
    """A finished step as the planner sees it: whether it worked, not what an untrusted text in it says."""
    kept = {"step", "tool", "args", "status"} | ({"error"} if result.status != "done" else set())
    return result.model_dump(mode="json", include=kept)
