"""Approve: asks a human about the calls that policy wants approved."""

from dataclasses import dataclass

from langchain_core.callbacks import adispatch_custom_event
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from nodes.callers import Callers
from nodes.card import card
from nodes.decisions import WAY_OUT, Action, Decision, UnusableError, read
from state.agent import AgentState, Context, HasRead
from state.canonical import digest
from state.plan import Plan, StepResult, StepStatus, Warrant
from state.schema import Json
from tools.registry import Registry

EDITED = 1_000
"""No step has so many rounds, so that an edited round is never taken for another one."""


class ApproveView(HasRead):
    """The calls that wait."""

    awaiting: dict[str, dict[str, Json]]
    plan: dict[str, Json]
    tainted: bool
    stamp: dict[str, Json]


@dataclass(frozen=True)
class Approve:
    """Asks, and turns each decision into a warrant or a result."""

    registry: Registry
    caller: Callers

    async def __call__(self, state: ApproveView, *, runtime: Runtime[Context]) -> AgentState:
        """Interrupt with the exact calls; what is approved is what was shown."""
        waiting = [Warrant.model_validate(warrant) for warrant in state["awaiting"].values()]
        await adispatch_custom_event("warrant.stamp", state["stamp"])
        await adispatch_custom_event("warrant.outcome", "needs_approval")
        shown = card(waiting, Plan.model_validate(state["plan"]), state["tainted"])
        decided = self._decided(shown, waiting, self.registry.of(self.caller(runtime)))
        warrants = [one for one in decided if isinstance(one, Warrant)]
        results = [one for one in decided if isinstance(one, StepResult)]
        return {
            "awaiting": {},
            "warrants": {warrant.step: warrant.model_dump(mode="json") for warrant in warrants},
            "results": {result.step: result.model_dump(mode="json") for result in results},
        }

    def _decided(
        self, shown: dict[str, Json], waiting: list[Warrant], registry: Registry
    ) -> list[Warrant | StepResult]:
        """Ask until there is one usable decision for each call, saying each time what was wrong."""
        given = interrupt(shown)
        while True:
            try:
                decisions = read(given, len(waiting), "calls")
                pairs = zip(waiting, decisions, strict=True)
                return [_followed(warrant, decision, registry) for warrant, decision in pairs]
            except UnusableError as error:
                given = interrupt({**shown, "error": f"{error}. {WAY_OUT}"})


def _followed(warrant: Warrant, decision: Decision, registry: Registry) -> Warrant | StepResult:
    match decision.type:
        case "approve":
            return warrant.model_copy(update={"approved_by": "human"})
        case "edit":
            return _edited(warrant, decision.edited_action, registry)
        case "respond":
            if not decision.message.strip():
                raise UnusableError(f"the response for {warrant.step} has no message")
            return _ended(warrant, "answered", output=decision.message)
        case "reject":
            return _ended(warrant, "rejected", error=decision.message or "a human rejected the call")


def _edited(warrant: Warrant, action: Action | None, registry: Registry) -> Warrant:
    """A warrant for the call that the human wrote, which the policy of its own tool must allow."""
    if action is None:
        raise UnusableError(f"the edit of {warrant.step} has no edited_action with name and args")
    tool = registry.find(action.name)
    if tool is None:
        raise UnusableError(f"the edit of {warrant.step} names {action.name!r}, which is not an allowed tool")
    policy = registry.policy_of(action.name)
    if policy.idempotency in action.args:
        raise UnusableError(f"{policy.idempotency} is filled when the call is made")
    if broken := registry.violations(action.name, action.args):
        raise UnusableError(f"the edit of {warrant.step} breaks {broken[0].path}: {broken[0].message}")
    return Warrant(
        step=warrant.step,
        tool=tool.name,
        tool_digest=tool.digest(),
        args=action.args,
        args_digest=digest(action.args),
        plan=warrant.plan,
        occurrence=_own(warrant.step),
        approved_by="human",
        origins={key: ["human"] for key in action.args},
        reasons=warrant.reasons,
    )


def _own(step: str) -> int:
    """A number that no other round of the step has: a human wrote this call for this round."""
    _, _, nth = step.partition(".")
    return EDITED + int(nth or 0)


def _ended(warrant: Warrant, status: StepStatus, output: Json = None, error: str = "") -> StepResult:
    return StepResult(
        step=warrant.step, tool=warrant.tool, args=warrant.args, status=status, output=output, error=error
    )
