"""Receiving a reply as it streams, within the policy's bounds of silence, time and size."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import reduce

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage

from state.models_policy import ModelsPolicy

EMPTY_BYTES = 8
"""What a chunk counts at least: an endless stream of empty ones has to end. Hidden thoughts come as such."""
ENDED = {"LengthFinishReasonError", "ContentFilterFinishReasonError"}
"""What the openai package raises behind a whole reply, whose `finish_reason` says the same."""


class ReplyTooLongError(Exception):
    """The reply passed its bound; also raised below the model, on the wire."""


class StalledError(Exception):
    """The reply did not come in time; says which setting bounds it."""


@dataclass
class Received:
    """What has come of a reply so far."""

    chunks: list[AIMessage] = field(default_factory=list)
    bytes: int = 0
    complete: bool = False

    def add(self, chunk: AIMessage) -> None:
        """Keep a chunk and count its bytes."""
        self.chunks.append(chunk)
        self.bytes += max(EMPTY_BYTES, len(_encoded(_told(chunk))))

    def text(self, limit: int) -> str:
        """All that was told, not parsed, cut at so many bytes."""
        text = "".join(_told(chunk) for chunk in self.chunks)
        return _encoded(text)[:limit].decode("utf-8", "ignore")

    def counted(self) -> UsageMetadata | None:
        """Tokens as the server reported them, if it came to that."""
        reported = (chunk.usage_metadata for chunk in self.chunks if chunk.usage_metadata)
        return reduce(add_usage, reported, None) if self.complete else None

    def message(self) -> AIMessage:
        """All chunks as one message."""
        first, *rest = self.chunks or [AIMessage("")]
        if not isinstance(first, AIMessageChunk):
            return first
        return first + [chunk for chunk in rest if isinstance(chunk, AIMessageChunk)]


async def receive(chunks: AsyncGenerator[AIMessage], policy: ModelsPolicy, received: Received) -> None:
    """Fill `received`, which holds what came also when this raises; the stream is closed in the end.

    Raises:
        StalledError: no chunk came for a while, or not all of them in time.
        ReplyTooLongError: the reply is longer than allowed.
    """
    whole = asyncio.timeout(policy.reply_seconds)
    try:
        async with aclosing(chunks), whole:
            while (chunk := await _next(chunks, policy.timeout_seconds)) is not None:
                received.add(chunk)
                if received.bytes > policy.max_reply_bytes:
                    raise ReplyTooLongError
    except TimeoutError as error:
        if whole.expired():
            raise StalledError(f"was not done after {policy.reply_seconds:g} s", "reply_seconds") from error
        raise StalledError(f"was silent for {policy.timeout_seconds:g} s", "timeout_seconds") from error
    # The class belongs to one provider's package, which need not be installed.
    except Exception as error:
        if type(error).__name__ not in ENDED:
            raise
    received.complete = True


async def _next(chunks: AsyncGenerator[AIMessage], seconds: float) -> AIMessage | None:
    async with asyncio.timeout(seconds):
        async for chunk in chunks:
            if isinstance(chunk, AIMessage):  # a server may call itself a user
                return chunk
    return None


def _told(chunk: AIMessage) -> str:
    """All that a chunk carries, thoughts included."""
    calls = [call["args"] or "" for call in getattr(chunk, "tool_call_chunks", ())]
    return "".join([chunk.content if isinstance(chunk.content, str) else str(chunk.content), *calls])


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
