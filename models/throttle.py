"""Throttle: keeps to a provider's limits, and queues what is beyond them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from models.chat import Chat, ModelError, NotSentError, Prompt, Reply, TransientModelError
from models.limiter import Limiter, Ticket
from models.waiting import waited
from state.usage import Usage

CHARS_PER_TOKEN = 4
"""What a prompt will take, by a rough estimate that the provider's own count replaces."""


@dataclass(frozen=True)
class Throttle:
    """A chat model behind a limiter that it shares with all others of its provider.

    A wait is a run named `queue` in the trace. What a provider says with `Retry-After` to one request holds
    for all that wait. A cancelled request frees its place.
    """

    chat: Chat
    limiter: Limiter
    check: Callable[[], None] = lambda: None
    """Raises where a request would be refused behind the queue, so that it need not wait for that."""

    @property
    def name(self) -> str:
        """The name of the model that is asked."""
        return self.chat.name

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask when it is the request's turn.

        Raises:
            NotSentError: its turn would not come in time, or the queue is full.
            ModelError: no reply could be had.
        """
        self.check()
        tokens = estimate(prompt)
        ticket = self.limiter.enter(tokens)
        # What a cancelled request used is not known.
        spent, pause = Usage(model_calls=1, input_tokens=tokens), None
        try:
            if not ticket.admitted:
                await self._queue(ticket)
            reply = await self.chat.reply(prompt)
            spent = reply.usage
            return reply
        except ModelError as error:
            spent, pause = error.usage, _pause(error)
            raise
        finally:
            self.limiter.leave(ticket, spent, pause)

    async def _queue(self, ticket: Ticket) -> None:
        place = {"provider": self.limiter.name, "waiting": self.limiter.waiting}
        await waited("queue", place, partial(self.limiter.wait, ticket))


def estimate(prompt: Prompt) -> int:
    """Tokens of a prompt, its schema included."""
    chars = sum(len(str(message.text)) for message in prompt.messages) + len(json.dumps(prompt.schema))
    return -(-chars // CHARS_PER_TOKEN)


def _pause(error: ModelError) -> float | None:
    """Seconds that the provider itself asked for."""
    if isinstance(error, NotSentError) or not isinstance(error, TransientModelError):
        return None
    return error.retry_after
