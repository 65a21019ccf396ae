"""Ways to ask a model for a value that satisfies a schema, and what LangChain needs for each."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableBinding, RunnableSequence

from models.chat import Prompt
from models.sections import render
from state.schema import Json, JsonSchema

Strategy: TypeAlias = Literal["native", "tool", "prompted"]

METHODS = {"native": "json_schema", "tool": "function_calling"}
INSTRUCTION = (
    "Reply with one JSON value that satisfies the JSON Schema in reply_schema, and with nothing else."
)


class Request(NamedTuple):
    """What a model is called with."""

    messages: list[BaseMessage]
    options: dict[str, Json]


def offered(model: BaseChatModel) -> tuple[Strategy, ...]:
    """Ways worth trying, best first, by the model's profile; what a profile does not say is tried."""
    kind, profile = type(model), model.profile or {}
    if kind.bind_tools is BaseChatModel.bind_tools:
        return ("prompted",)
    found: list[Strategy] = []
    if kind.with_structured_output is not BaseChatModel.with_structured_output:
        found += ["native"] if profile.get("structured_output", True) else []
    found += ["tool"] if profile.get("tool_calling", True) else []
    return (*found, "prompted")


def fitting(strategies: Sequence[Strategy], schema: JsonSchema) -> list[Strategy]:
    """The ways that can carry the schema; providers take objects only."""
    if schema.get("type") == "object" and "properties" in schema:
        return list(strategies)
    return ["prompted"]


def request(model: BaseChatModel, strategy: Strategy, prompt: Prompt, *, shown: bool) -> Request:
    """Messages and options that ask for the schema in one way; `shown` puts it into the text as well.

    Raises:
        TypeError, ValueError, NotImplementedError, KeyError: this model's class has no such way.
    """
    messages = with_schema(prompt.messages, prompt.schema) if shown else list(prompt.messages)
    if strategy == "prompted":
        return Request(messages, {})
    # LangChain puts a parser behind the model; only what it binds to the model is wanted, since we validate.
    schema = {**prompt.schema, "title": prompt.task}
    structured = model.with_structured_output(schema, method=METHODS[strategy])
    bound = structured.first if isinstance(structured, RunnableSequence) else structured
    if not isinstance(bound, RunnableBinding):
        raise NotImplementedError(f"{type(model).__name__} binds nothing for {METHODS[strategy]}")
    return Request(messages, dict(bound.kwargs))


def with_schema(messages: Sequence[BaseMessage], schema: JsonSchema) -> list[BaseMessage]:
    """The messages with the schema as the end of the last one."""
    asked = f"{INSTRUCTION}\n{render({'reply_schema': schema})}"
    *before, last = messages
    if isinstance(last, HumanMessage) and isinstance(last.content, str):
        return [*before, last.model_copy(update={"content": f"{last.content}\n\n{asked}"})]
    return [*messages, HumanMessage(asked)]


def without_schema(text: str) -> str:
    """The text before the schema; a document cannot forge its beginning, since sections escape newlines."""
    return text.partition(f"\n\n{INSTRUCTION}\n")[0]
