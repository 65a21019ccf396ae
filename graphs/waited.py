"""Waiting for a coroutine where nothing can be awaited."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def waited(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, in a loop of its own; a loop that runs in this thread is kept waiting."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
