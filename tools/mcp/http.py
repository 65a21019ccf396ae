"""Streamable HTTP with bounds; `mcp` bounds an event, but reads a JSON body of any size."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
from mcp.client.streamable_http import streamable_http_client

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

SILENCE_SECONDS = 3_600.0
"""A stream of notifications may be silent this long; a call has its own bound."""


def http(
    url: str, headers: Mapping[str, str], message_bytes: int, connect_seconds: float
) -> "AbstractAsyncContextManager[TransportStreams]":
    """Speak to a server by URL; it is not followed to another origin. Proxies are the environment's."""
    return _http(url, headers, message_bytes, connect_seconds)


@asynccontextmanager
async def _http(
    url: str, headers: Mapping[str, str], message_bytes: int, connect_seconds: float
) -> "AsyncIterator[TransportStreams]":
    async def bounded(response: httpx2.Response) -> None:
        response.stream = _Bounded(response, message_bytes)

    client = httpx2.AsyncClient(
        # Without compression, so that what is counted is what is kept.
        headers={"accept-encoding": "identity", **headers},
        timeout=httpx2.Timeout(connect_seconds, read=SILENCE_SECONDS),
        event_hooks={"response": [bounded]},
    )
    async with (
        client,
        streamable_http_client(url, http_client=client, max_sse_event_size=message_bytes) as both,
    ):
        yield both


class _Bounded(httpx2.AsyncByteStream):
    """The body of a response; one that is no event stream may have so many bytes."""

    def __init__(self, response: httpx2.Response, most: int) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._body = response.stream
        kind = response.headers.get("content-type", "")
        self._most = None if kind.startswith("text/event-stream") else most
        self._encoded = response.headers.get("content-encoding", "identity") != "identity"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        if self._encoded:
            raise httpx2.StreamError("the body is compressed, which was not asked for")
        async for chunk in self._body:
            read += len(chunk)
            if self._most is not None and read > self._most:
                raise httpx2.StreamError("the body has more than result_bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()
