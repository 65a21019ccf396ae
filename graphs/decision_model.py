"""The gate as decision model, which `AutoModeMiddleware` of langchain 1.5 and newer takes.

    AutoModeMiddleware(tools=[delete_file], classifier=decision_model(judge))

It says whether the gate would withhold what led to a tool call, and its arguments: what users said is judged
as a request, what tools gave and what is to be passed on as a result. Whether the user wanted the call, a
gate cannot tell: that takes a model, or a plan under warrant.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from graphs.waited import waited
from nodes.gate import Judge
from state.canonical import canonical
from state.errors import UsageError
from state.verdict import Place, Verdict

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

NEEDED = "Install langchain-core 1.8 or newer, and langchain 1.5 or newer for AutoModeMiddleware."


def decision_model(judge: Judge) -> "Runnable[Any, Any]":
    """The gate as a `BaseDecisionModel` that answers yes-or-no questions, whatever they ask.

    Raises:
        UsageError: the installed langchain-core has no decision models.
    """
    try:
        decisions = import_module("langchain_core.decisions")
    except ModuleNotFoundError as error:
        raise UsageError("The installed langchain-core has no decision models.", NEEDED) from error

    class GateDecisionModel(decisions.BaseDecisionModel):  # type: ignore[misc,name-defined]  # known at run time
        """Answers with the gravest verdict."""

        model: str = "warrant-gate"

        @property
        def _provider(self) -> str:
            return "warrant"

        def _classify(self, state: Any, questions: dict[str, Any]) -> Any:  # noqa: ANN401 - LangChain's types
            return waited(self._aclassify(state, questions))

        async def _aclassify(self, state: Any, questions: dict[str, Any]) -> Any:  # noqa: ANN401
            if any(question.type != "noul" for question in questions.values()):
                raise ValueError("The gate answers yes-or-no questions only; ask a Noul.")
            found = [await judge(text, place) for place, text in said(state)]
            answer = {"type": "noul", "noul": max(map(probability, found), default=0.0)}
            return decisions.ClassifierResponse(model=self.model, answers=dict.fromkeys(questions, answer))

    model: Runnable[Any, Any] = GateDecisionModel()
    return model


def probability(verdict: Verdict) -> float:
    """The verdict's score, moved so that the gate's own threshold is at 0.5, where a call is blocked."""
    if verdict.withholds:
        return 0.5 + verdict.score / 2
    score = 1 - verdict.score if verdict.decision == "allow" else verdict.score
    return min(score / 2, 0.499)


def said(state: object) -> Iterator[tuple[Place, str]]:
    """What is to be judged of a decision model's state, and as what.

    A root that is text counts as said by the user. What the model and the system said is not judged.
    """
    if isinstance(state, str):
        yield "screen", state
    else:
        yield from _parts(state)


def _parts(state: object) -> Iterator[tuple[Place, str]]:
    if isinstance(state, AIMessage | SystemMessage):
        return
    if isinstance(state, BaseMessage):
        content = state.content if isinstance(state.content, str) else canonical(state.content)
        yield "screen" if isinstance(state, HumanMessage) else "result", content
    elif isinstance(state, Mapping):
        for name, value in state.items():
            if name == "tool_call":
                yield "result", canonical(value)
            else:
                yield from _parts(value)
    elif isinstance(state, Sequence) and not isinstance(state, str):
        for value in state:
            yield from _parts(value)
    elif state is not None:
        yield "result", str(state)
