"""The stdio transport with bounds; `mcp`'s own buffers a line without end and passes on HOME and USER."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from tools.mcp.ending import Ending
from tools.mcp.log import Say

Incoming: TypeAlias = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing: TypeAlias = MemoryObjectSendStream[SessionMessage]
Streams: TypeAlias = tuple[Incoming, Outgoing]

GRACE_SECONDS = 0.5
"""How long a server may take to end after its stdin closed, and again after SIGTERM."""
CHUNK = 65_536


@dataclass(frozen=True)
class Command:
    """How a server is started, and how much of its output is read."""

    line: Sequence[str]
    env: Mapping[str, str]
    cwd: str | None
    message_bytes: int


def stdio(command: Command, ending: Ending, say: Say) -> AbstractAsyncContextManager[Streams]:
    """Start a server and speak to it, one JSON message a line.

    Args:
        command: What is started.
        ending: Is told when the server is gone, or sent more than it may.
        say: Keeps what the server writes to stderr, and what is no message.
    """
    return _stdio(command, ending, say)


@asynccontextmanager
async def _stdio(command: Command, ending: Ending, say: Say) -> AsyncIterator[Streams]:
    process = await asyncio.create_subprocess_exec(
        *command.line,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=command.env,
        cwd=command.cwd,
        limit=command.message_bytes,
        start_new_session=True,
    )
    inward, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, outward = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(partial(_read, process, inward, ending, say))
            group.start_soon(partial(_write, process, outward, ending))
            group.start_soon(partial(_keep, process, say))
            try:
                yield incoming, outgoing
            finally:
                group.cancel_scope.cancel()
    finally:
        for stream in (inward, incoming, outgoing, outward):
            stream.close()
        with anyio.CancelScope(shield=True):
            await _stop(process)


async def _read(
    process: Process, inward: MemoryObjectSendStream[SessionMessage | Exception], ending: Ending, say: Say
) -> None:
    assert process.stdout is not None
    with inward, suppress(anyio.BrokenResourceError):
        while line := await _line(process.stdout, ending):
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                await say(f"not a message: {line[:200].decode(errors='replace')}")
                continue
            await inward.send(SessionMessage(message))


async def _line(stdout: asyncio.StreamReader, ending: Ending) -> bytes:
    """The next line; nothing once the server is gone or its line is too long to be read."""
    try:
        return await stdout.readuntil()
    except asyncio.LimitOverrunError:
        ending.because("sent a message of more than result_bytes")
    except (asyncio.IncompleteReadError, ConnectionError):
        ending.because("ended")
    return b""


async def _write(
    process: Process, outward: MemoryObjectReceiveStream[SessionMessage], ending: Ending
) -> None:
    assert process.stdin is not None
    try:
        async for sent in outward:
            text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            process.stdin.write(text.encode() + b"\n")
            await process.stdin.drain()
    except (ConnectionError, RuntimeError):  # RuntimeError: the pipe's transport is closed
        ending.because("ended")


async def _keep(process: Process, say: Say) -> None:
    """Read stderr to its end, since a server whose pipe is full would stop."""
    assert process.stderr is not None
    while chunk := await process.stderr.read(CHUNK):
        await say(chunk.decode(errors="replace"))


async def _stop(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    if not await _ended(process):
        _signal(process, signal.SIGTERM)
        await _ended(process)
    # Also where the server ended: children of it may still live in its process group.
    _signal(process, None)
    await _ended(process)
    # Nothing public closes the pipes that a surviving child holds.
    process._transport.close()  # type: ignore[attr-defined]


async def _ended(process: Process) -> bool:
    # `process.wait` waits for the pipes too, which a child may hold open.
    for _ in range(round(GRACE_SECONDS / 0.01)):
        if process.returncode is not None:
            return True
        await asyncio.sleep(0.01)
    return False


def _signal(process: Process, number: signal.Signals | None) -> None:
    """Signal the whole process group; None ends it at once."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, number or signal.SIGKILL)
