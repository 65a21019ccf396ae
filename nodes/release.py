"""Release: the only way out; what leaves has a verdict."""

from dataclasses import dataclass

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.messages import AIMessage

from nodes.gate import Judge
from nodes.holding import held
from state.agent import AgentState, Ending, HasRead
from state.answer import Answer
from state.canonical import canonical
from state.schema import Json
from state.verdict import Outcome

WITHHELD = "The answer was withheld by the gate: {reason} Ask differently, or have the source corrected."


class ReleaseView(HasRead):
    """How the run ends."""

    answer: dict[str, Json] | None
    ending: Ending | None


@dataclass(frozen=True)
class Release:
    """Judges what leaves, an answer and the reason of a failure alike."""

    judge: Judge

    async def __call__(self, state: ReleaseView) -> AgentState:
        """Give the answer, or say why there is none."""
        ending = state["ending"]
        answer = Answer.model_validate(state["answer"]) if ending is None else None
        said = shown(answer) if answer else (ending or {"reason": ""})["reason"]
        leaving = _leaving(answer) if answer else said
        verdict = await self.judge(leaving, "release")
        passed = _released(answer, said, ending["outcome"] if ending else "answered")
        refused = _released(None, WITHHELD.format(reason=verdict.reason), "refused")
        told: AgentState = {
            "verdicts": [verdict.model_dump(mode="json")],
            "usage": verdict.usage.model_dump(),
        }
        if verdict.decision == "ask":
            return {**told, "held": {"answer": held(verdict, leaving, passed, refused)}}
        released = refused if verdict.withholds else passed
        await adispatch_custom_event("warrant.outcome", released["outcome"])
        return {**released, **told, "held": None}  # type: ignore[typeddict-item]  # empties the channel


def _released(answer: Answer | None, said: str, outcome: Outcome) -> AgentState:
    return {
        "messages": [AIMessage(said)],
        "answer": answer.model_dump(mode="json") if answer else None,
        "outcome": outcome,
        "reason": "" if answer else said,
    }


def shown(answer: Answer) -> str:
    """The answer as a chat shows it: each claim with the numbers of its sources, and their list."""
    sources = list(dict.fromkeys(c.source for claim in answer.claims for c in claim.citations))
    lines = answer.text.split("\n")
    for at, claim in enumerate(answer.claims):
        cited = dict.fromkeys(sources.index(citation.source) + 1 for citation in claim.citations)
        lines[at] += " " + "".join(f"[{number}]" for number in cited)
    listed = ["", *(f"[{number}] {source}" for number, source in enumerate(sources, 1))]
    return "\n".join(lines + (listed if sources else []))


def _leaving(answer: Answer) -> str:
    quotes = [citation.quote for claim in answer.claims for citation in claim.citations]
    return "\n".join([answer.text, *quotes, canonical(answer.data)])
