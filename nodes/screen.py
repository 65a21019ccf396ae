"""Screen: whether the request may go on to a model at all."""

from dataclasses import dataclass

from nodes.gate import Judge
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
        """Judge the request; a refusal ends the run."""
        request = state["request"]
        verdict = self._too_long(len(request)) or await self.judge(request, "screen")
        refusal = Ending(outcome="refused", reason=verdict.reason)
        return {
            "verdicts": [verdict.model_dump(mode="json")],
            "ending": refusal if verdict.withholds else None,
        }

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
