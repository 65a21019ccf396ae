"""Fallback: asks the next chat model when one fails."""

import logging
from dataclasses import dataclass, replace

from models.chat import Chat, ModelError, Prompt, Reply
from state.usage import Usage

logger = logging.getLogger("warrant")


@dataclass(frozen=True)
class Fallback:
    """Chat models that stand in for each other, in order; the reply says which one answered."""

    chats: tuple[Chat, ...]

    @property
    def name(self) -> str:
        """The names of all, in order."""
        return " else ".join(chat.name for chat in self.chats)

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask each until one replies.

        Raises:
            ModelError: none did; it lists why.
        """
        spent, errors = Usage(), list[ModelError]()
        for chat in self.chats:
            if errors:
                logger.warning("%s Asking %s instead.", errors[-1], chat.name)
            try:
                reply = await chat.reply(prompt)
                return replace(reply, usage=spent + reply.usage)
            except ModelError as error:
                spent += error.usage
                errors.append(error)
        reasons = " ".join(f"[{number}] {error}" for number, error in enumerate(errors, 1))
        raise ModelError(
            f"All {len(errors)} models failed: {reasons}", "One of them has to answer.", spent
        ) from errors[-1]
