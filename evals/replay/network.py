"""Network: closed while a replay runs, but for calls that were named live."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any

CLOSED = {
    "socket.connect",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
}


class OutsideError(Exception):
    """A replay tried to reach the outside."""


@dataclass
class _Door:
    """An audit hook cannot be removed, so that there is one for the process, which this switches."""

    closed: int = 0
    hooked: bool = False
    tried: list[str] = field(default_factory=list)


_door = _Door()
_live: ContextVar[bool] = ContextVar("live", default=False)


_submit = ThreadPoolExecutor.submit


def _submit_open(
    pool: ThreadPoolExecutor,
    job: Callable[..., Any],
    /,
    *args: Any,  # noqa: ANN401  the standard library's signature
    **kwargs: Any,  # noqa: ANN401
) -> Future[Any]:
    """Submit, and let a live call through in the pool's thread too; asyncio looks hosts up in one."""
    if _live.get():
        return _submit(pool, copy_context().run, job, *args, **kwargs)
    return _submit(pool, job, *args, **kwargs)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _door.closed and event in CLOSED and not _live.get():
        _door.tried.append(event)
        raise OutsideError(f"A replay must not touch the outside, but {event} was called: {args[1:2]}.")


@contextmanager
def closed() -> Iterator[list[str]]:
    """Refuse connections, look-ups and processes, in every thread; gives the list of what was tried.

    Python's audit events tell of what goes through Python's own modules. A C library that opens sockets
    itself, such as libpq below psycopg or gRPC's core, is not seen, and no more is a server that was
    connected before.
    """
    if not _door.hooked:
        _door.hooked = True
        sys.addaudithook(_audit)
    before, _door.tried = _door.tried, []
    _door.closed += 1
    ThreadPoolExecutor.submit = _submit_open  # type: ignore[assignment,method-assign]
    try:
        yield _door.tried
    finally:
        _door.closed -= 1
        _door.tried = before
        if not _door.closed:
            ThreadPoolExecutor.submit = _submit  # type: ignore[method-assign]


@contextmanager
def opened() -> Iterator[None]:
    """Let a call that was named live through, in this context and in what it gives to pools of threads."""
    token = _live.set(True)
    try:
        yield
    finally:
        _live.reset(token)


def is_open() -> bool:
    """Whether this runs inside a call that was named live, whose own calls are live too."""
    return _live.get()
