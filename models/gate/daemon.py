"""Running a function in a thread that may hang without keeping anyone else."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

Result = TypeVar("Result")

RUNNING = threading.BoundedSemaphore(64)
"""Threads at once; those that hang count until they return."""


async def in_daemon(function: Callable[[], Result]) -> Result:
    """Await a function in a thread of its own.

    A thread of asyncio's pool that hangs would be waited for when the process ends.

    Raises:
        RuntimeError: 64 functions are running already.
    """
    if not RUNNING.acquire(blocking=False):
        raise RuntimeError("64 classifications are running already")
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(Result, result))

    def run() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - it belongs to the one who waits
            # A future takes no StopIteration, and SystemExit would end the loop.
            plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if plain else RuntimeError(f"{type(raised).__name__} in a thread")
        RUNNING.release()
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="gate", daemon=True).start()
    return await future
