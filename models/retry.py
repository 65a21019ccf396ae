"""Retry: asks a chat model again when the transport failed."""

import asyncio
import random
from dataclasses import dataclass, replace
from functools import partial

from models.chat import Chat, ModelError, NotSentError, Prompt, Reply, TransientModelError
from models.waiting import waited
from state.usage import Usage


@dataclass(frozen=True)
class Retry:
    """A chat model that survives short failures of another one.

    Waits double from `first_wait` on, with half of each left to chance so that clients do not return in step;
    a provider's `Retry-After` is honoured. No wait is longer than `longest_wait`. What was not sent at all is
    not repeated: who refused it has waited, or knows that waiting is no use.
    """

    chat: Chat
    retries: int
    """How often a request is sent again."""
    first_wait: float = 0.5
    """Seconds."""
    longest_wait: float = 30.0
    """Seconds; a provider that asks for more is not waited for."""

    @property
    def name(self) -> str:
        """The name of the model that is asked."""
        return self.chat.name

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask, and ask again after a `TransientModelError`.

        Raises:
            ModelError: the last attempt failed, or waiting as long as asked is out of bounds.
        """
        spent = Usage()
        for attempt in range(self.retries + 1):
            try:
                reply = await self.chat.reply(prompt)
                return replace(reply, usage=spent + reply.usage)
            except ModelError as error:
                error.usage = spent = spent + error.usage
                wait = self._wait(error, attempt)
            await waited("retry", {"attempt": attempt + 1}, partial(asyncio.sleep, wait))
        raise AssertionError("the last attempt replies or raises")

    def _wait(self, error: ModelError, attempt: int) -> float:
        """Seconds until the next attempt; raises the error if there is none."""
        if isinstance(error, NotSentError) or not isinstance(error, TransientModelError):
            raise error
        if attempt == self.retries:
            raise error
        if error.retry_after is None:
            return min(self.longest_wait, self.first_wait * 2.0**attempt) * random.uniform(0.5, 1)
        if error.retry_after > self.longest_wait:
            message = f"{error.message} It asks to wait {error.retry_after:g} s"
            message += f", and at most {self.longest_wait:g} s are waited."
            raise ModelError(message, error.way_out, error.usage) from error
        return error.retry_after
