"""The offline chat model: reads the same prompt as a language model and replies with the same JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ValidationError
from typing_extensions import override

from models.embeddings.names import resolve
from models.offline.abstention import calibration
from models.offline.answerer import answer
from models.offline.planner import plan
from models.offline.prompt import AnswerPrompt, PlanPrompt
from models.offline.vectors import Remembered
from models.sections import parse

NAME = "warrant-offline"
INTRODUCTION = (
    "I am Warrant's offline model, not a language model: I plan look-ups, searches and arithmetic by rule "
    "and answer with sentences of your documents. I cannot chat; use `warrant ask`, or set WARRANT_MODEL."
)


@cache
def remembered() -> Remembered:
    """The embeddings that all offline models of this process share."""
    return Remembered(resolve())


class OfflineChat(BaseChatModel):
    """Plans by rule and answers by extraction; deterministic, without a key, a network or a language model.

    The last human message holds the prompt as sections (`models.sections`). Its `task` says what is asked:
    the reply to `plan` is a `state.plan.Plan` as JSON, the reply to `answer` a `state.draft.Draft`. To
    anything else it replies in words that it is no language model. It uses no tokens, and reports zero.
    """

    model_name: str = NAME

    @property
    def _llm_type(self) -> str:
        return NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        message = AIMessage(
            content=reply(messages), usage_metadata=_nothing(), response_metadata=self._metadata()
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        return await asyncio.to_thread(self._generate, messages)

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> Iterator[ChatGenerationChunk]:
        chunk = self._chunk(messages)
        if run_manager:
            run_manager.on_llm_new_token(chunk.text, chunk=chunk)
        yield chunk

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        chunk = await asyncio.to_thread(self._chunk, messages)
        if run_manager:
            await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
        yield chunk

    def _chunk(self, messages: Sequence[BaseMessage]) -> ChatGenerationChunk:
        message = AIMessageChunk(
            content=reply(messages),
            usage_metadata=_nothing(),
            response_metadata=self._metadata(),
            chunk_position="last",
        )
        return ChatGenerationChunk(message=message)

    def _metadata(self) -> dict[str, Any]:
        return {"model_name": self.model_name, "finish_reason": "stop"}


def reply(messages: Sequence[BaseMessage]) -> str:
    """JSON for a plan or an answer, or a sentence that says why there is none."""
    asked = next((message.text for message in reversed(messages) if isinstance(message, HumanMessage)), "")
    try:
        sections = parse(asked)
        if sections.get("task") == "plan":
            return plan(PlanPrompt.model_validate(sections)).model_dump_json(exclude_defaults=True)
        if sections.get("task") == "answer":
            return _answer(AnswerPrompt.model_validate(sections))
    except (json.JSONDecodeError, RecursionError) as error:
        return f"{INTRODUCTION} A section of this prompt is not JSON: {error}."
    except ValidationError as error:
        first = error.errors()[0]
        return (
            f"{INTRODUCTION} The section {'.'.join(map(str, first['loc']))} cannot be read: {first['msg']}."
        )
    return INTRODUCTION


def _answer(prompt: AnswerPrompt) -> str:
    draft = answer(prompt, remembered(), calibration())
    return draft.model_dump_json(exclude=None if prompt.data_schema is not None else {"data"})


def _nothing() -> UsageMetadata:
    return UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
