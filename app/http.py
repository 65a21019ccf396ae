"""What stands before the routes of the LangGraph server: the limits of each caller.

`langgraph.json` names `http` as its app and lets authentication come first, so that callers are known. It
adds no route, since the server does not authenticate routes that are added.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.begun import THREAD, Begun, Response, begun
from app.callers import Callers, identity
from state.policy import Policy, load_policy
from state.settings import settings

RUNS = re.compile(r"/(?:runs(?:/(?:stream|wait|batch))?|threads/[^/]+/commands|a2a/[^/]+|mcp)/?$")
"""Paths whose POST begins a run."""
STREAMS = re.compile(r"/threads/[^/]+/(?:runs/[^/]+/(?:stream|join)|stream(?:/events)?)$")
"""Paths that follow what goes on, until it or the client ends it."""
FREE = {"/ok", "/metrics"}
"""What load balancers and monitoring ask for."""
TOO_MANY = 429
TRY_AGAIN_LATER = 1013
"""Why a socket is closed (IANA's registry of close codes)."""
BUSY_SECONDS = 1.0
"""When to come back if all places are taken; when one gets free is not known."""
GRACE_SECONDS = 60.0
"""Beyond the time of a run, after which its place is free whatever became of it."""

Finished = Callable[[Begun], Awaitable[None]]
"""Waits until a run goes on no more."""


class CallerLimits:
    """Answers 429 to a caller who asks too often or has too much under way.

    A run keeps its place until it has ended, also if its caller goes away or never waited for it.
    """

    def __init__(
        self, app: ASGIApp, callers: Callable[[], Callers] | None = None, finished: Finished | None = None
    ) -> None:
        """Take what is behind, the callers (those of this process), and how to wait for a run's end."""
        self._app, self._callers, self._finished = app, callers or this_server, finished or _joined
        self._outliving = set[asyncio.Task[None]]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in {"http", "websocket"} or _is_free(scope):
            return await self._app(scope, receive, send)
        callers = self._callers()
        who, kind = identity(scope, callers.policy.key_header), _lasting(scope)
        if wait := callers.request(who):
            most = callers.policy.requests_per_minute
            return await _refuse(scope, receive, send, wait, f"More than {most} requests in a minute.")
        if kind is None:
            return await self._app(scope, receive, send)
        if not callers.begin(who, kind):
            most = callers.policy.concurrent_runs
            said = f"At most {most} {kind} of one caller go on at once. Wait for one to end or cancel it."
            return await _refuse(scope, receive, send, BUSY_SECONDS, said)
        follow = self._socket if scope["type"] == "websocket" else self._request
        try:
            return await follow(scope, receive, send, who)
        finally:
            callers.end(who, kind)

    async def _request(self, scope: Scope, receive: Receive, send: Send, who: str) -> None:
        response = Response(scope["path"])

        async def seen(message: Message) -> None:
            if scope["method"] == "POST":
                response.see(message)
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            self._keep(who, response.runs())

    async def _socket(self, scope: Scope, receive: Receive, send: Send, who: str) -> None:
        """Commands that come over a socket count like requests; one too many ends it."""
        callers, thread = self._callers(), THREAD.search(scope["path"])

        async def counted() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and (callers.request(who) or callers.full(who, "runs")):
                return {"type": "websocket.disconnect", "code": TRY_AGAIN_LATER}
            return message

        async def seen(message: Message) -> None:
            if message["type"] == "websocket.send" and thread and '"success"' in (message.get("text") or ""):
                self._keep(who, begun(message["text"], thread["thread"]))
            await send(message)

        await self._app(scope, counted, seen)

    def _keep(self, who: str, runs: list[Begun]) -> None:
        """Give each run a place until it ends; a batch may take more places than there are."""
        callers = self._callers()

        async def wait(run: Begun) -> None:
            try:
                await self._finished(run)
            finally:
                callers.end(who, "runs")

        for run in runs:
            callers.begin(who, "runs", beyond=True)
            task = asyncio.create_task(wait(run))
            self._outliving.add(task)
            task.add_done_callback(self._outliving.discard)


@cache
def _policy() -> Policy:
    return load_policy(settings().policy)


@cache
def this_server() -> Callers:
    """The callers of this process."""
    return Callers(_policy().http)


def _is_free(scope: Scope) -> bool:
    root = scope.get("root_path", "")
    own = root == "/noauth" or root.startswith("/noauth/")  # the server asking itself; no request can set it
    return own or scope["path"] in FREE or scope.get("method") == "OPTIONS"


def _lasting(scope: Scope) -> str | None:
    """What a request begins that lasts: `runs`, `streams` or nothing."""
    if STREAMS.search(scope["path"]):
        return "streams"
    return "runs" if scope.get("method") == "POST" and RUNS.search(scope["path"]) else None


async def _refuse(scope: Scope, receive: Receive, send: Send, seconds: float, why: str) -> None:
    after = math.ceil(seconds)
    detail = f"{why} Come back in {after} s."
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": detail})
        return
    response = JSONResponse({"detail": detail}, TOO_MANY, {"Retry-After": str(after)})
    await response(scope, receive, send)


async def _joined(run: Begun) -> None:
    """Wait for a run of this server, within the time that policy gives one; one that is gone has ended."""
    from langgraph_sdk import get_client
    from langgraph_sdk.errors import LangGraphError

    try:
        async with asyncio.timeout(_policy().limits.seconds + GRACE_SECONDS), get_client(url=None) as client:
            await client.runs.join(run.thread, run.run)
    except (LangGraphError, TimeoutError):
        return


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    await asyncio.to_thread(_policy)  # reads a file, and says at the start what is wrong with it
    yield


http = Starlette(middleware=[Middleware(CallerLimits)], lifespan=_lifespan)
