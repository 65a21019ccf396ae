"""Approve: the only place that interrupts, to ask a human about calls that the policy wants approved."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from langchain_core.callbacks import adispatch_custom_event
from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from state.agent import AgentState
from state.plan import Plan, StepResult, Warrant
from state.schema import Json


class ApproveView(TypedDict):
    """The calls that wait."""

    awaiting: dict[str, dict[str, Json]]
    plan: dict[str, Json]
    stamp: dict[str, Json]


class _Decision(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["approve", "reject"]
    message: str = ""


class _Decisions(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    decisions: list[_Decision] = Field(min_length=1)


@dataclass(frozen=True)
class Approve:
    """Asks, and turns each decision into a warrant or a rejection."""

    async def __call__(self, state: ApproveView) -> AgentState:
        """Interrupt with the exact calls; what is approved is what was shown."""
        waiting = [Warrant.model_validate(warrant) for warrant in state["awaiting"].values()]
        reasons = {step.id: step.why for step in Plan.model_validate(state["plan"]).steps}
        await adispatch_custom_event("warrant.stamp", state["stamp"])
        await adispatch_custom_event("warrant.outcome", "needs_approval")
        decided = _decisions(_card(waiting, reasons), len(waiting))
        pairs = list(zip(waiting, decided, strict=True))
        approved = [
            warrant.model_copy(update={"approved_by": "human"})
            for warrant, decision in pairs
            if decision.type == "approve"
        ]
        rejected = [_rejected(warrant, d.message) for warrant, d in pairs if d.type == "reject"]
        return {
            "awaiting": {},
            "warrants": {warrant.step: warrant.model_dump(mode="json") for warrant in approved},
            "results": {result.step: result.model_dump(mode="json") for result in rejected},
        }


def _card(waiting: list[Warrant], reasons: dict[str, str]) -> dict[str, Json]:
    """The shape that LangGraph Studio and agent-chat-ui draw buttons for."""
    return {
        "action_requests": [
            {"name": w.tool, "args": w.args, "description": f"{w.step}: {reasons[w.step]}"} for w in waiting
        ],
        "review_configs": [
            {"action_name": name, "allowed_decisions": ["approve", "reject"]}
            for name in dict.fromkeys(w.tool for w in waiting)
        ],
    }


def _decisions(card: dict[str, Json], count: int) -> list[_Decision]:
    """Ask until there is one decision for each call; what is wrong is said in the next interrupt."""
    given = interrupt(card)
    while True:
        try:
            decided = _Decisions.model_validate(given).decisions
            problem = f"{len(decided)} decisions for {count} calls" if len(decided) != count else ""
        except ValidationError as error:
            problem = f"{error.errors()[0]['msg']} at {list(error.errors()[0]['loc'])}"
        if not problem:
            return decided
        given = interrupt(
            {**card, "error": f'{problem}. Resume with {{"decisions": [{{"type": "approve"}}]}}.'}
        )


def _rejected(warrant: Warrant, message: str) -> StepResult:
    return StepResult(
        step=warrant.step,
        tool=warrant.tool,
        args=warrant.args,
        status="rejected",
        error=message or "a human rejected the call",
    )
