"""The leaf of a chain of chat models: a LangChain model that is asked for JSON."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from typing import cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.constants import TAG_NOSTREAM

from models.chat import ModelError, Prompt, Reply, TransientModelError
from models.failure import Origin, RejectedError, failure
from models.prices import cost, prices
from models.reply import Reading, read, written
from models.strategy import Request, Strategy, fitting, offered, request
from models.stream import Received, ReplyTooLongError, StalledError, receive
from state.models_policy import ModelsPolicy
from state.schema import Violation
from state.usage import Usage

CHARS_PER_TOKEN = 4
"""An estimate for servers that do not report tokens, and for replies that were cut off."""


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
    _rejected: frozenset[tuple[str, Strategy]] = field(default=frozenset(), init=False)
    """Ways that failed for a task where another worked."""

    @property
    def name(self) -> str:
        """The model's name, as the user gave it."""
        return self.origin.name

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask once; where the server rejects a way to ask for the schema, ask in the next one.

        What was rejected is remembered for the task once another way has worked.

        Raises:
            ModelError: no reply could be had.
        """
        model = self._model or await self._build()
        self._model = model
        ways = fitting(self.strategies or offered(model), prompt.schema)
        open_ways = [way for way in ways if (prompt.task, way) not in self._rejected] or ["prompted"]
        spent, rejected = Usage(), set[tuple[str, Strategy]]()
        for way in open_ways:
            try:
                reply = await self._ask(model, way, prompt)
            except RejectedError as error:
                spent += error.usage
                if way == open_ways[-1]:
                    raise ModelError(error.message, error.way_out, spent) from error
                rejected.add((prompt.task, way))
            except ModelError as error:
                error.usage = spent + error.usage
                raise
            else:
                self._rejected |= rejected
                return replace(reply, usage=spent + reply.usage)
        raise AssertionError("the last way replies or raises")

    async def _build(self) -> BaseChatModel:
        try:
            await asyncio.to_thread(prices)
            return await asyncio.to_thread(self.build)
        except ModelError:
            raise
        except Exception as error:
            problem = " ".join(str(error).split())
            raise ModelError(f"{self.name} cannot be used: {problem}", self.origin.key) from error

    async def _ask(self, model: BaseChatModel, way: Strategy, prompt: Prompt) -> Reply:
        shown = self.show_schema or way == "prompted"
        try:
            asked = self._warmed(model, request(model, way, prompt, shown=shown))
        except (TypeError, ValueError, KeyError, NotImplementedError) as error:
            raise RejectedError(
                f"{self.name} has no {way} output: {error}.", "Name another model."
            ) from error
        received = Received()
        try:
            text, reading = await self._read(model, asked, prompt, received)
        except ModelError:
            raise
        except StalledError as error:
            what, setting = error.args
            way_out = f"Raise models.{setting} in policy.toml."
            usage = self._usage(asked, received)
            raise TransientModelError(f"{self.name} {what}.", way_out, usage) from error
        # Providers raise whatever their libraries do; all of it means that there is no reply.
        except Exception as error:
            raise failure(error, self.origin, self._usage(asked, received)) from error
        return Reply(text, reading.value, reading.violations, self.name, way, self._usage(asked, received))

    def _warmed(self, model: BaseChatModel, asked: Request) -> Request:
        """The request with the policy's temperature, unless the model's profile says that it takes none."""
        if self.policy.temperature is None or not (model.profile or {}).get("temperature", True):
            return asked
        return asked._replace(options={**asked.options, "temperature": self.policy.temperature})

    async def _read(
        self, model: BaseChatModel, asked: Request, prompt: Prompt, received: Received
    ) -> tuple[str, Reading]:
        # The tag keeps text that is not verified from a stream of messages.
        config = RunnableConfig(tags=[TAG_NOSTREAM], metadata={"task": prompt.task, "model": self.name})
        chunks = model.astream(asked.messages, config=config, **asked.options)
        bound = self.policy.max_reply_bytes
        try:
            await receive(cast(AsyncGenerator[AIMessage], chunks), self.policy, received)
        except ReplyTooLongError:
            cut = Violation(path="", message=f"the reply was cut off, since it is longer than {bound} bytes")
            return received.text(bound), Reading(None, (cut,))
        message = received.message()
        return written(message), read(message, prompt.schema)

    def _usage(self, asked: Request, received: Received) -> Usage:
        """Tokens as reported; estimated where the server reported none for what it sent."""
        if not received.chunks:
            return Usage(model_calls=1)
        counted = received.counted()
        prompt = sum(len(str(message.text)) for message in asked.messages)
        if counted:
            tokens = counted["input_tokens"], counted["output_tokens"]
        else:
            tokens = _tokens(prompt), _tokens(len(received.text(received.bytes)))
        price = 0.0 if self.free else cost(self.name, *tokens)
        return Usage(
            model_calls=1,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cost_usd=price,
            estimated=not counted,
        )


def _tokens(chars: int) -> int:
    return -(-chars // CHARS_PER_TOKEN)
