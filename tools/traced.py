"""A call that LangChain's callbacks see as a run of type `tool`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from copy import deepcopy
from typing import TypeAlias

from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    patch_config,
    set_config_context,
)

from state.canonical import canonical
from state.schema import Json
from tools.capability import Caller, Capability

Performer: TypeAlias = Callable[[Capability, dict[str, Json], Caller], Awaitable[Json]]


async def _perform(tool: Capability, args: dict[str, Json], caller: Caller) -> Json:
    return await tool.call(args, caller)


performer: ContextVar[Performer] = ContextVar("performer", default=_perform)
"""Who performs a call; a replay answers it from a recording instead."""


async def traced(tool: Capability, args: dict[str, Json], caller: Caller) -> Json:
    """Call the tool inside a tool run, so that runs it starts become children of it.

    LangChain's `StructuredTool` hands arguments on as keywords, so that a tool with an argument
    named `config` or `run_manager` could not be called.
    """
    config = ensure_config()
    manager = get_async_callback_manager_for_config(config)
    run = await manager.on_tool_start(
        {"name": tool.name, "description": tool.description}, canonical(args), name=tool.name, inputs=args
    )
    try:
        with set_config_context(patch_config(config, callbacks=run.get_child())) as context:
            # A copy, so that a tool cannot change what was reviewed before it is tried again.
            output = await asyncio.create_task(_performed(tool, deepcopy(args), caller), context=context)
    except BaseException as error:
        await run.on_tool_error(error)
        raise
    await run.on_tool_end(output)
    return output


async def _performed(tool: Capability, args: dict[str, Json], caller: Caller) -> Json:
    return await performer.get()(tool, args, caller)
