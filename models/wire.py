"""The HTTP client of OpenAI-compatible servers: no idle connections, and no endless lines."""

from collections.abc import AsyncIterator

import httpx2
from openai import DefaultAsyncHttpxClient

from models.stream import ReplyTooLongError

ESCAPED = 6
"""Bytes that JSON may need for one byte of text, as in `\\u0001`."""
FRAME_BYTES = 65_536
"""Room for what stands around the text in one event."""


def client(max_reply_bytes: int) -> httpx2.AsyncClient:
    """A client for streams of events, whose lines may not be longer than the whole reply.

    A connection is closed after its reply. A kept one belongs to the event loop that opened it, and asking
    again in another one would fail.
    """

    async def bound(response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = Lines(response.stream, max_reply_bytes * ESCAPED + FRAME_BYTES)

    return DefaultAsyncHttpxClient(
        limits=httpx2.Limits(max_keepalive_connections=0), event_hooks={"response": [bound]}
    )


class Lines(httpx2.AsyncByteStream):
    """A body whose lines are bounded, since a decoder of events keeps a line until it ends."""

    def __init__(self, body: httpx2.AsyncByteStream, limit: int) -> None:
        """Take the body and the most bytes of a line."""
        self._body = body
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's parts.

        Raises:
            ReplyTooLongError: a line is longer than the limit.
        """
        size = 0
        async for part in self._body:
            last = part.rfind(b"\n")
            size = size + len(part) if last < 0 else len(part) - last - 1
            if size > self._limit:
                raise ReplyTooLongError
            yield part

    async def aclose(self) -> None:
        """Close the connection."""
        await self._body.aclose()
