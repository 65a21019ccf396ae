"""The leaf of a chain of chat models: a LangChain model, asked for JSON, read as it streams."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import RunnableConfig
from langgraph.constants import TAG_NOSTREAM

from models.chat import ModelError, Prompt, Reply, TransientModelError
from models.failure import Origin, RejectedError, failure
from models.prices import cost
from models.reply import Reading, read, written
from models.strategy import Request, Strategy, fitting, offered, request
from state.policy import ModelsPolicy
from state.schema import Violation
from state.usage import Usage

CHARS_PER_TOKEN = 4
"""An estimate for servers that do not report tokens, and for replies that were cut off."""


class ReplyTooLongError(Exception):
    """A reply passed its bound below the model, on the wire."""


@dataclass
class Received:
    """What has come of a reply so far; it is bounded by who fills it."""

    chunks: list[AIMessage] = field(default_factory=list)
    bytes: int = 0
    complete: bool = False

    def add(self, chunk: AIMessage) -> None:
        """Count every chunk, also an empty one, so that an endless stream of them ends."""
        self.chunks.append(chunk)
        self.bytes += max(1, len(_told(chunk).encode("utf-8", "surrogatepass")))

    def text(self) -> str:
        """All that was told, not parsed."""
        return "".join(_told(chunk) for chunk in self.chunks)

    def counted(self) -> UsageMetadata | None:
        """Tokens as the server reported them, if it came to that."""
        reported = (chunk.usage_metadata for chunk in self.chunks if chunk.usage_metadata)
        return reduce(add_usage, reported, None) if self.complete else None

    def message(self) -> AIMessage:
        """All chunks as one message."""
        if not self.chunks:
            return AIMessage("")
        first, *rest = self.chunks
        if not isinstance(first, AIMessageChunk):
            return first
        return first + [chunk for chunk in rest if isinstance(chunk, AIMessageChunk)]


@dataclass
class ProviderChat:
    """One LangChain chat model.

    It is built in a thread at the first call, since that imports and reads files.
    """

    origin: Origin
    build: Callable[[], BaseChatModel]
    policy: ModelsPolicy
    strategies: tuple[Strategy, ...] | None = None
    """Ways to ask for a schema, best first; None leaves it to the model's profile."""
    show_schema: bool = False
    """Whether the schema stands in the prompt as well, for servers that ignore how else it is asked for."""
    free: bool = False
    """Whether calls cost nothing."""
    _model: BaseChatModel | None = field(default=None, init=False)
    _rejected: frozenset[Strategy] = field(default=frozenset(), init=False)

    @property
    def name(self) -> str:
        """The model's name, as the user gave it."""
        return self.origin.name

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask once; where the server rejects a way to ask for the schema, ask in the next way and remember.

        Raises:
            ModelError: no reply could be had.
        """
        model = self._model or await self._build()
        self._model = model
        ways = fitting(self.strategies or offered(model), prompt.schema)
        open_ways = [way for way in ways if way not in self._rejected] or ["prompted"]
        spent, rejected = Usage(), set[Strategy]()
        for way in open_ways:
            try:
                reply = await self._ask(model, way, prompt)
            except RejectedError as error:
                spent += error.usage
                if way == open_ways[-1]:
                    raise ModelError(error.message, error.way_out, spent) from error
                rejected.add(way)
            except ModelError as error:
                error.usage = spent + error.usage
                raise
            else:
                self._rejected |= rejected
                return replace(reply, usage=spent + reply.usage)
        raise AssertionError("the last way replies or raises")

    async def _build(self) -> BaseChatModel:
        try:
            return await asyncio.to_thread(self.build)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"{self.name} cannot be used: {error}", self.origin.key) from error

    async def _ask(self, model: BaseChatModel, way: Strategy, prompt: Prompt) -> Reply:
        shown = self.show_schema or way == "prompted"
        try:
            asked = request(model, way, prompt, shown=shown)
        except (TypeError, ValueError, KeyError, NotImplementedError) as error:
            raise RejectedError(
                f"{self.name} has no {way} output: {error}.", "Name another model."
            ) from error
        received = Received()
        try:
            await self._receive(model, asked, prompt.task, received)
        except ReplyTooLongError:
            text, reading = self._too_long(received)
        except ModelError:
            raise
        # Providers raise whatever their libraries do; all of it means that there is no reply.
        except Exception as error:
            raise failure(error, self.origin, self._usage(asked, received)) from error
        else:
            message = received.message()
            text, reading = written(message), read(message, prompt.schema)
        return Reply(text, reading.value, reading.violations, self.name, way, self._usage(asked, received))

    def _too_long(self, received: Received) -> tuple[str, Reading]:
        bound = self.policy.max_reply_bytes
        text = received.text().encode("utf-8", "surrogatepass")[:bound].decode("utf-8", "ignore")
        violation = Violation(
            path="", message=f"the reply was cut off, since it is longer than {bound} bytes"
        )
        return text, Reading(None, (violation,))

    async def _receive(self, model: BaseChatModel, asked: Request, task: str, received: Received) -> None:
        """Fill `received` from the stream.

        Raises:
            TransientModelError: the model was silent, or took too long as a whole.
        """
        # Text that is not verified must not reach a stream of messages.
        config = RunnableConfig(tags=[TAG_NOSTREAM], metadata={"task": task, "model": self.name})
        chunks = cast(
            AsyncGenerator[AIMessage], model.astream(asked.messages, config=config, **asked.options)
        )
        whole = asyncio.timeout(self.policy.reply_seconds)
        try:
            async with aclosing(chunks), whole:
                while (chunk := await self._next(chunks)) is not None:
                    received.add(chunk)
                    if received.bytes > self.policy.max_reply_bytes:
                        raise ReplyTooLongError
                received.complete = True
        except TimeoutError as error:
            usage = self._usage(asked, received)
            key, seconds = ("timeout_seconds", self.policy.timeout_seconds)
            what = "was silent"
            if whole.expired():
                key, seconds, what = "reply_seconds", self.policy.reply_seconds, "was not done"
            message = f"{self.name} {what} for {seconds:g} s."
            raise TransientModelError(message, f"Raise models.{key} in policy.toml.", usage) from error

    async def _next(self, chunks: AsyncGenerator[AIMessage]) -> AIMessage | None:
        async with asyncio.timeout(self.policy.timeout_seconds):
            async for chunk in chunks:
                if isinstance(chunk, AIMessage):
                    return chunk
        return None

    def _usage(self, asked: Request, received: Received) -> Usage:
        """Tokens as reported; estimated where the server reported none for what it sent."""
        if not received.chunks:
            return Usage(model_calls=1)
        counted = received.counted()
        prompt = sum(len(str(message.text)) for message in asked.messages)
        tokens = (
            (counted["input_tokens"], counted["output_tokens"])
            if counted
            else (_tokens(prompt), _tokens(received.bytes))
        )
        price = 0.0 if self.free else cost(self.name, *tokens)
        return Usage(
            model_calls=1,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cost_usd=price,
            estimated=not counted,
        )


def _told(chunk: AIMessage) -> str:
    """All that a chunk carries, thoughts included."""
    calls = [call["args"] or "" for call in getattr(chunk, "tool_call_chunks", ())]
    return "".join([chunk.content if isinstance(chunk.content, str) else str(chunk.content), *calls])


def _tokens(chars: int) -> int:
    return -(-chars // CHARS_PER_TOKEN)
