"""Intercept: every model, tool and retriever of LangChain, and our own tools, ask the tape instead.

LangChain's own methods go on running, on a stand-in for the object: a shallow copy whose inner method, `_run`
or `_generate`, gives what the tape gives. Parsing of arguments, validation, callbacks, tracing and streaming
stay LangChain's.
"""

# ruff: noqa: ANN401  LangChain's signatures

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import BaseMessage
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
    Generation,
    GenerationChunk,
    LLMResult,
)
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool

from evals.replay import replies
from evals.replay.defaults import defaults_of, schema_defaults
from evals.replay.network import is_open, opened
from evals.replay.recording import Place, Recorded, place_of
from evals.replay.tape import Tape
from graphs.snapshot import snapshot
from models.tape import line_of
from state.schema import Json
from tools.capability import Caller, Capability
from tools.traced import performer

STANDS_IN = "_replayed"
CHAT = ("generate", "agenerate", "stream", "astream", "_chat_model_stream_v3", "_achat_model_stream_v3")
TEXT = ("generate", "agenerate", "stream", "astream")


@dataclass(frozen=True)
class _Replay:
    """What calls are answered by: a tape, and the model that is asked where models are live."""

    tape: Tape
    model: BaseChatModel | None

    def chat(self, one: BaseChatModel, _input: Any, _options: dict[str, Any]) -> BaseChatModel:
        return _chat(one, self.tape, self.model)

    def text(self, one: BaseLLM, _input: Any, _options: dict[str, Any]) -> BaseLLM:
        return _text(one, self.tape)

    def tool(self, one: BaseTool, given: str | dict[str, Any], options: dict[str, Any]) -> BaseTool:
        return _tool(self.tape, one, given, options)

    def retriever(self, one: BaseRetriever, given: str, options: dict[str, Any]) -> BaseRetriever:
        return _retriever(self.tape, one, given, options)


_within: ContextVar[_Replay | None] = ContextVar("replay", default=None)
"""The replay of this context; a thread that begins its call when the replay has ended still belongs to it."""
_running: list[_Replay] = []
"""Replays under way, for threads that were started without a context."""


@contextmanager
def intercepted(tape: Tape, model: BaseChatModel | None = None) -> Iterator[None]:
    """Answer every call in this process from the tape; `model` is asked where models are live."""
    _install()
    replay = _Replay(tape, model)
    _running.append(replay)
    tokens = _within.set(replay), performer.set(_performer(tape))
    try:
        yield
    finally:
        performer.reset(tokens[1])
        _within.reset(tokens[0])
        _running.remove(replay)


@cache
def _install() -> None:
    """Redirect LangChain's methods, once and for good: outside of a replay they do what they did."""
    for owner, names, kind in (
        (BaseChatModel, CHAT, _Replay.chat),
        (BaseLLM, TEXT, _Replay.text),
        (BaseTool, ("run", "arun"), _Replay.tool),
        (BaseRetriever, ("invoke", "ainvoke"), _Replay.retriever),
    ):
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, _redirected(getattr(owner, name), kind))


def _redirected(original: Callable[..., Any], stand_in: Callable[..., Any]) -> Callable[..., Any]:
    """The method, run on a stand-in for its object where a replay is under way."""

    @wraps(original)
    def redirected(self: Any, *args: Any, **kwargs: Any) -> Any:
        replay = _within.get() or next(reversed(_running), None)
        if replay is None or STANDS_IN in self.__dict__ or is_open():
            return original(self, *args, **kwargs)
        given = args[0] if args else kwargs.get("tool_input", kwargs.get("input"))
        return original(stand_in(replay, self, given, kwargs), *args, **kwargs)

    return redirected


def _stand_in(one: Any, **inner: Any) -> Any:
    """A copy with these methods of its own; those of its class would win over pydantic's fields."""
    made = copy.copy(one)
    made.__dict__.update(inner, **{STANDS_IN: True})
    return made


def _here() -> Place:
    return place_of(ensure_config().get("metadata") or {})


def _chat(one: BaseChatModel, tape: Tape, model: BaseChatModel | None) -> BaseChatModel:
    def recorded(messages: list[BaseMessage]) -> Recorded | None:
        lines = [str(line) for each in messages if (line := line_of(snapshot(each)))]
        return tape.ask("model", type(one).__name__, lines, _here())

    def other(options: dict[str, Any]) -> Any:
        return _bound(model, options)

    def generate(messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        if call := recorded(messages):
            return ChatResult(generations=[ChatGeneration(message=replies.message(call))])
        with opened():
            if model is None:
                return one._generate(messages, *args, **options)
            return _result(other(options).invoke(messages, {"callbacks": []}))

    async def agenerate(messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        if call := recorded(messages):
            return ChatResult(generations=[ChatGeneration(message=replies.message(call))])
        with opened():
            if model is None:
                return await one._agenerate(messages, *args, **options)
            return _result(await other(options).ainvoke(messages, {"callbacks": []}))

    def stream(messages: list[BaseMessage], *args: Any, **options: Any) -> Iterator[ChatGenerationChunk]:
        yield from replies.chunks(generate(messages, *args, **options).generations[0].message)  # type: ignore[arg-type]

    async def astream(
        messages: list[BaseMessage], *args: Any, **options: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        result = await agenerate(messages, *args, **options)
        for chunk in replies.chunks(result.generations[0].message):  # type: ignore[arg-type]
            yield chunk

    methods = {"_generate": generate, "_agenerate": agenerate, "_stream": stream, "_astream": astream}
    made: BaseChatModel = _stand_in(one, **methods, cache=False, rate_limiter=None)
    return made


def _bound(model: Any, options: dict[str, Any]) -> Any:
    """Another model, asked as the graph's own was: same tools, choice of one, schema and stops."""
    if tools := options.get("tools"):
        choice = options.get("tool_choice")
        named = choice.get("function", choice).get("name", choice) if isinstance(choice, dict) else choice
        model = model.bind_tools(tools, **({"tool_choice": named} if named else {}))
    kept = {name: options[name] for name in ("response_format", "stop") if options.get(name)}
    return model.bind(**kept) if kept else model


def _result(message: BaseMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])


def _text(one: BaseLLM, tape: Tape) -> BaseLLM:
    def generate(prompts: list[str], *args: Any, **options: Any) -> LLMResult:
        calls = [tape.ask("model", type(one).__name__, [prompt], _here()) for prompt in prompts]
        if None in calls:
            with opened():
                return one._generate(prompts, *args, **options)
        return LLMResult(generations=[[Generation(text=replies.text(call))] for call in calls if call])

    async def agenerate(prompts: list[str], *args: Any, **options: Any) -> LLMResult:
        return generate(prompts, *args, **options)

    def stream(prompt: str, *args: Any, **options: Any) -> Iterator[Any]:
        yield GenerationChunk(text=generate([prompt], *args, **options).generations[0][0].text)

    async def astream(prompt: str, *args: Any, **options: Any) -> AsyncIterator[Any]:
        for chunk in stream(prompt, *args, **options):
            yield chunk

    methods = {"_generate": generate, "_agenerate": agenerate, "_stream": stream, "_astream": astream}
    made: BaseLLM = _stand_in(one, **methods, cache=False)
    return made


def _tool(tape: Tape, one: BaseTool, given: str | dict[str, Any], options: dict[str, Any]) -> BaseTool:
    call_id = options.get("tool_call_id")
    args = one._filter_injected_args(given) if isinstance(given, dict) else {"input": str(given)}
    name = options.get("run_name") or one.name
    place = place_of((options.get("config") or {}).get("metadata") or options.get("metadata") or {})
    call = tape.ask("tool", name, snapshot(args), place, defaults_of(one))

    if call is None:
        return _live_tool(one)

    def run(*_args: Any, **_kwargs: Any) -> Any:
        found = replies.output(call, call_id)
        return (found, None) if one.response_format == "content_and_artifact" else found

    async def arun(*_args: Any, **_kwargs: Any) -> Any:
        return run()

    made: BaseTool = _stand_in(one, _run=run, _arun=arun, _injected_args_keys=one._injected_args_keys)
    return made


def _live_tool(one: BaseTool) -> BaseTool:
    """The tool itself, with the network open for it and what it calls live as well."""

    @wraps(one._run)
    def run(*args: Any, **kwargs: Any) -> Any:
        with opened():
            return one._run(*args, **kwargs)

    @wraps(one._arun)
    async def arun(*args: Any, **kwargs: Any) -> Any:
        with opened():
            return await one._arun(*args, **kwargs)

    own_async = type(one)._arun is not BaseTool._arun
    made: BaseTool = _stand_in(one, _run=run, **({"_arun": arun} if own_async else {}))
    return made


def _retriever(tape: Tape, one: BaseRetriever, given: str, options: dict[str, Any]) -> BaseRetriever:
    config = ensure_config(options.get("config"))
    name = config.get("run_name") or one.get_name()
    call = tape.ask("retriever", name, given, place_of(config.get("metadata") or {}))

    def find(query: str, **kwargs: Any) -> Any:
        if call:
            return replies.documents(call)
        with opened():
            return one._get_relevant_documents(query, **kwargs)

    async def afind(query: str, **kwargs: Any) -> Any:
        if call:
            return replies.documents(call)
        with opened():
            return await one._aget_relevant_documents(query, **kwargs)

    made: BaseRetriever = _stand_in(one, _get_relevant_documents=find, _aget_relevant_documents=afind)
    return made


def _performer(tape: Tape) -> Callable[[Capability, dict[str, Json], Caller], Awaitable[Json]]:
    async def perform(tool: Capability, args: dict[str, Json], caller: Caller) -> Json:
        defaults = schema_defaults(tool.input_schema)
        call = tape.ask("tool", tool.name, snapshot(args), _here(), defaults)
        if call is None:
            with opened():
                return await tool.call(args, caller)
        output: Json = replies.output(call, None)
        return output

    return perform
