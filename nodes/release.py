"""Release: the only way out; what leaves has a verdict."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from models.gate.canaries import ForeignData
from models.gate.classifier import Asked, Finding
from models.gate.holdback import STEP
from models.gate.judging import Judging, graver
from models.gate.streaming import UNGUARDED, Guard, WithheldError, guard, guarded
from nodes.callers import Callers
from nodes.gate import Judge
from nodes.holding import held
from nodes.withheld import withheld
from state.agent import AgentState, Context, Ending, HasRead
from state.answer import Answer
from state.canonical import canonical
from state.gate_policy import GatePolicy, PlacePolicy
from state.schema import Json
from state.verdict import Outcome, Verdict

STREAMED = "warrant.answer"
"""Custom events of a stream that hold the next piece of the released answer as `delta`."""


class ReleaseView(HasRead):
    """How the run ends."""

    answer: dict[str, Json] | None
    ending: Ending | None


@dataclass(frozen=True)
class Release:
    """Judges what leaves, an answer and the reason of a failure alike."""

    judge: Judge
    caller: Callers
    policy: GatePolicy
    guard: Guard = UNGUARDED

    async def __call__(self, state: ReleaseView, *, runtime: Runtime[Context]) -> AgentState:
        """Give the answer, or say why there is none."""
        ending = state["ending"]
        answer = Answer.model_validate(state["answer"]) if ending is None else None
        said = shown(answer) if answer else (ending or {"reason": ""})["reason"]
        leaving = _leaving(answer) if answer else said
        foreign = ForeignData(self.policy.canaries, self.caller(runtime).labels)
        verdict = await self._verdict(answer, leaving, foreign)
        if answer and not verdict.withholds:
            verdict = await self._streamed(said, verdict, foreign, runtime)
        passed = _released(answer, said, ending["outcome"] if ending else "answered")
        refused = _released(None, withheld(verdict), "refused")
        told: AgentState = {
            "verdicts": [verdict.model_dump(mode="json")],
            "usage": verdict.usage.model_dump(),
        }
        if verdict.decision == "ask":
            return {**told, "held": {"answer": held(verdict, leaving, passed, refused)}}
        released = refused if verdict.withholds else passed
        await adispatch_custom_event("warrant.outcome", released["outcome"])
        return {**released, **told, "held": None}  # type: ignore[typeddict-item]  # empties the channel

    async def _verdict(self, answer: Answer | None, leaving: str, foreign: ForeignData) -> Verdict:
        """The gate's verdict, with what only this place can know: who is told, and what claims rest on."""
        if self.policy.canaries:
            whose = Judging(
                "release", PlacePolicy(timeout_seconds=self.policy.release.timeout_seconds), [foreign]
            )
            verdict = await whose(leaving)
            if verdict.withholds:
                return verdict
        verdict = await self.judge(leaving, "release")
        return graver(verdict, "support", Asked(_unsupported(answer)), self.policy.release)

    async def _streamed(
        self, said: str, verdict: Verdict, foreign: ForeignData, runtime: Runtime[Context]
    ) -> Verdict:
        """Write the answer piece by piece to who listens; what stops it is the verdict."""
        by = self.guard.joined(guard([foreign], PlacePolicy())) if self.policy.canaries else self.guard
        try:
            async for delta in guarded(_pieces(said), by):
                runtime.stream_writer({"event": STREAMED, "delta": delta})
        except WithheldError as error:
            found = error.finding
            return verdict.model_copy(
                update={
                    "decision": "refuse",
                    "category": found.category,
                    "score": found.score,
                    "threshold": found.threshold,
                    "classifier": "stream",
                    "reason": found.reason,
                    "spans": (),
                }
            )
        return verdict


def _unsupported(answer: Answer | None) -> list[Finding]:
    """The claims that their evidence does not support, by the checker's own threshold."""
    scores, spans, start = list[float](), list[tuple[int, int]](), 0
    for claim in answer.claims if answer else ():
        if claim.support is not None and claim.support.verdict == "unsupported":
            scores.append(1.0 - claim.support.score)
            spans.append((start, start + len(claim.text)))
        start += len(claim.text) + 1  # what is said begins with the claims, one a line
    if not scores:
        return []
    reason = "The cited evidence does not support all that it says."
    worst = max(scores)
    return [Finding("unsupported_claim", worst, reason, tuple(spans), "flag", min(0.5, worst))]


async def _pieces(text: str) -> AsyncIterator[str]:
    for start in range(0, len(text), STEP):
        yield text[start : start + STEP]


def _released(answer: Answer | None, said: str, outcome: Outcome) -> AgentState:
    return {
        "messages": [AIMessage(said)],
        "answer": answer.model_dump(mode="json") if answer else None,
        "outcome": outcome,
        "reason": "" if answer else said,
    }


def shown(answer: Answer) -> str:
    """The answer as a chat shows it: each claim with the numbers of its sources, and their list."""
    sources = list(dict.fromkeys(_sources(answer)))
    lines = answer.text.split("\n")
    for at, claim in enumerate(answer.claims):
        cited = dict.fromkeys(sources.index(citation.source) + 1 for citation in claim.citations)
        lines[at] += " " + "".join(f"[{number}]" for number in cited)
    listed = ["", *(f"[{number}] {source}" for number, source in enumerate(sources, 1))]
    return "\n".join(lines + (listed if sources else []))


def _sources(answer: Answer) -> list[str]:
    return [citation.source for claim in answer.claims for citation in claim.citations]


def _leaving(answer: Answer) -> str:
    quotes = [citation.quote for claim in answer.claims for citation in claim.citations]
    return "\n".join([answer.text, *quotes, canonical(answer.data), *dict.fromkeys(_sources(answer))])
