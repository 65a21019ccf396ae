"""Screen: whether the request may go on to a model at all."""

from dataclasses import dataclass

from nodes.gate import Judge
from nodes.holding import held
from state.agent import AgentState, Ending, HasRead
from state.verdict import Verdict


class ScreenView(HasRead):
    """The request."""

    request: str


@dataclass(frozen=True)
class Screen:
    """The gate in front of the model."""

    judge: Judge
    request_chars: int

    async def __call__(self, state: ScreenView) -> AgentState:
        """Judge the request; a refusal ends the run, and a human may be asked first."""
        request = state["request"]
        verdict = self._too_long(len(request)) or await self.judge(request, "screen")
        refused: AgentState = {"ending": Ending(outcome="refused", reason=verdict.reason)}
        told: AgentState = {
            "verdicts": [verdict.model_dump(mode="json")],
            "usage": verdict.usage.model_dump(),
            "ending": None,
        }
        if verdict.decision == "ask":
            return {**told, "held": {"request": held(verdict, request, {}, refused)}}
        return {**told, **refused} if verdict.withholds else told

    def _too_long(self, chars: int) -> Verdict | None:
        if chars <= self.request_chars:
            return None
        return Verdict(
            place="screen",
            decision="refuse",
            category="too_long",
            score=1.0,
            threshold=1.0,
            classifier="limits",
            reason=f"The request has {chars} characters; {self.request_chars} are allowed. Shorten it.",
        )
