"""One live session with a server, in a task of its own, so that any task of the loop may use it at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING

import mcp_types as types
from mcp import Client
from mcp.client.subscriptions import SubscriptionLost
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from state.errors import WarrantError
from state.mcp_policy import McpServerPolicy
from state.schema import Json
from tools.mcp.definition import Listing, definition, identity
from tools.mcp.ending import Ending

if TYPE_CHECKING:
    from mcp.client._transport import Transport

RECHECK_SECONDS = 60.0
"""Definitions are listed anew after this time also where no notification came."""
MAX_PAGES = 50
MAX_TOOLS = 500
INFO = types.Implementation(name="warrant", version="1")

Open = Callable[[Ending], "Transport"]


class SessionError(WarrantError):
    """The server cannot be reached, or what it says about itself cannot be used."""


class Session:
    """Connected once; when it is over it stays over. No sampling, elicitation or roots are declared."""

    def __init__(self, server: str, policy: McpServerPolicy, transport: Open) -> None:
        """Start to connect; the task belongs to the running loop and ends with it."""
        self.server = server
        self.calls = 0
        """Calls that are under way."""
        self._policy = policy
        self._transport = transport
        self._ending = Ending()
        self._client: Client | None = None
        self._listing: Listing | None = None
        self._listed = 0.0
        self._stale = True
        self._notified = True
        self._one = asyncio.Lock()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # An empty context, since the session outlives the run that happened to need it first.
        self._task = asyncio.get_running_loop().create_task(self._hold(), context=Context())

    @property
    def is_over(self) -> bool:
        """Whether it can no longer be used."""
        return self._ending.is_set or self._task.done()

    def lost(self) -> SessionError:
        """Why it is over, in our own words."""
        return SessionError(
            f"The MCP server {self.server} {self._ending.reason}.",
            f"Try `warrant tools check {self.server} --connect`.",
        )

    async def connected(self) -> None:
        """Wait until it is connected.

        Raises:
            SessionError: it cannot be.
        """
        await asyncio.shield(self._ready)

    async def close(self, reason: str = "was closed") -> None:
        """End it, and wait until its process is gone."""
        self._ending.because(reason)
        await asyncio.wait([self._task])

    def drop(self, reason: str) -> None:
        """End it without waiting."""
        self._ending.because(reason)

    def suspect(self) -> None:
        """List the definitions anew before the next call, which shows also whether the server answers."""
        self._stale = True

    async def listing(self, *, fresh: bool = False) -> Listing:
        """The server's identity and tools, listed anew after a notification, a failure, or some time.

        Raises:
            SessionError: the server does not answer, or its list is endless or ambiguous.
        """
        async with self._one:
            old = time.monotonic() - self._listed > RECHECK_SECONDS
            if self._listing is None or fresh or old or self._stale or not self._notified:
                # Before it lists, since a notification may come while it does.
                self._stale = False
                try:
                    self._listing = await self._list()
                except BaseException:
                    self._stale = True
                    raise
                self._listed = time.monotonic()
            return self._listing

    async def call(self, tool: str, args: dict[str, Json]) -> types.CallToolResult:
        """Call a tool; whatever goes wrong, the server may have got the call."""
        request = types.CallToolRequest(params=types.CallToolRequestParams(name=tool, arguments=args))
        self.calls += 1
        answered = False
        try:
            # Not `Client.call_tool`, which would validate with patterns that can take unbounded time.
            result = await self._open().session.send_request(request, types.CallToolResult)
            answered = True
        finally:
            self.calls -= 1
            if not answered:
                self.suspect()
        return result

    def _open(self) -> Client:
        if self._client is None or self.is_over:
            raise self.lost()
        return self._client

    async def _list(self) -> Listing:
        try:
            async with asyncio.timeout(self._policy.connect_seconds):
                tools = [definition(tool) async for tool in _pages(self._open())]
        except (MCPError, ValueError, TimeoutError) as error:
            if self.is_over:
                raise self.lost() from error
            said = (
                "does not list its tools in time"
                if isinstance(error, TimeoutError)
                else "gave no usable list of tools"
            )
            raise SessionError(
                f"The MCP server {self.server} {said}.", f"Try `warrant tools check {self.server} --connect`."
            ) from error
        named = {tool.name: tool for tool in tools}
        if len(named) != len(tools):
            raise SessionError(
                f"The MCP server {self.server} has two tools of one name.", "Correct the server."
            )
        return Listing(identity=identity(self._policy, self._open().server_info), tools=named)

    async def _hold(self) -> None:
        """Connect, stay connected until it is over, and clean up in the same task."""
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._policy.connect_seconds):
                    self._client = await stack.enter_async_context(self._new())
                await stack.enter_async_context(self._listening(self._client))
                self._ready.set_result(None)
                await self._ending.wait()
        except TimeoutError:
            self._ending.because("did not answer in time")
        except FileNotFoundError:
            self._ending.because("cannot be started: there is no such command or folder")
        except Exception:  # noqa: BLE001 - a transport may raise anything, also groups; it becomes the reason
            self._ending.because("cannot be reached")
        finally:
            self._ending.because("was closed")
            if not self._ready.done():
                self._ready.set_exception(self.lost())
                self._ready.exception()  # whoever waited may be gone

    def _new(self) -> Client:
        return Client(
            self._transport(self._ending), message_handler=self._heard, client_info=INFO, cache=None
        )

    async def _heard(self, message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self.suspect()

    @asynccontextmanager
    async def _listening(self, client: Client) -> AsyncIterator[None]:
        """Hear of changed tools; from 2026-07-28 on they are told only to those who asked."""
        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not (tools and tools.list_changed):
            yield
            return
        listener = asyncio.create_task(self._listen(client))
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def _listen(self, client: Client) -> None:
        # Until the server has agreed to tell, the tools are listed before each call.
        self._notified = False
        try:
            async with client.listen(tools_list_changed=True) as subscription:
                self.suspect()
                self._notified = True
                async for _ in subscription:
                    self.suspect()
        except (MCPError, SubscriptionLost, TimeoutError):
            pass
        finally:
            self._notified = False


async def _pages(client: Client) -> AsyncIterator[types.Tool]:
    cursor, count = None, 0
    for _ in range(MAX_PAGES):
        page = await client.session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        for tool in page.tools:
            count += 1
            if count > MAX_TOOLS:
                raise ValueError("too many tools")
            yield tool
        if (cursor := page.next_cursor) is None:
            return
    raise ValueError("too many pages")
