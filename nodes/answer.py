"""Answer: asks a model for claims that rest on the evidence."""

from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.messages import AnyMessage

from models.chat import Chat
from nodes.asking import ask, prompt
from nodes.evidence import evidence
from nodes.history import history
from state.agent import AgentState, HasRead, Terms
from state.draft import draft_schema
from state.passage import Passage
from state.plan import StepResult
from state.policy import Limits
from state.schema import Json
from state.usage import Usage

SAID = ("done", "answered", "left_out")
"""What gave something, or was not wanted."""


class AnswerView(HasRead):
    """What an answer may rest on."""

    request: str
    messages: list[AnyMessage]
    terms: Terms
    results: dict[str, Json]
    feedback: list[dict[str, Json]]
    usage: dict[str, Json]


@dataclass(frozen=True)
class Answerer:
    """Proposes an answer; nothing leaves before it is verified and released."""

    chat: Callable[[str], Chat]
    limits: Limits
    instructions: str

    async def __call__(self, state: AnswerView) -> AgentState:
        """Ask once; the reply may violate its schema, which verify says."""
        asked = await ask(
            self.chat(state["terms"]["model"]),
            prompt(
                "answer", self.instructions, draft_schema(state["terms"]["answer_schema"]), _sections(state)
            ),
            Usage.model_validate(state["usage"]),
            self.limits,
        )
        return {**asked.update, "draft": asked.value}


def _sections(state: AnswerView) -> dict[str, Json]:
    results = [StepResult.model_validate(result) for result in state["results"].values()]
    tools = {result.step: result.tool for result in results}
    return {
        "request": state["request"],
        "history": history(state["messages"]),
        "evidence": [_shown(passage, tools) for passage in evidence(results)],
        "failed": [_failed(one) for one in results if one.status not in SAID or one.quarantined] or None,
        "data_schema": state["terms"]["answer_schema"],
        "violations": state["feedback"] or None,
    }


def _shown(passage: Passage, tools: dict[str, str]) -> Json:
    shown = {"id": passage.id, "source": passage.source, "title": list(passage.title), "text": passage.text}
    return {**shown, "tool": tools[passage.id]} if passage.id in tools else shown


def _failed(result: StepResult) -> Json:
    told = ("quarantined", result.quarantined) if result.quarantined else (result.status, result.error)
    return {"step": result.step, "tool": result.tool, "status": told[0], "error": told[1]}
