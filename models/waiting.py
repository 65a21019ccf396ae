"""A wait that stands in the trace."""

from collections.abc import Awaitable, Callable

from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    patch_config,
    var_child_runnable_config,
)

from state.schema import Json
from state.trace import PIECE


async def waited(name: str, why: dict[str, Json], wait: Callable[[], Awaitable[None]]) -> None:
    """Wait; inside a run as a run of its own, so that its trace says for what and how long."""
    if var_child_runnable_config.get() is None:
        return await wait()

    async def run(_why: dict[str, Json]) -> None:
        await wait()

    config = ensure_config()
    manager = get_async_callback_manager_for_config(config).copy()
    # With LangGraph's tag of a node's pieces, it would be taken for an edge, which is not shown.
    manager.remove_tags([tag for tag in manager.tags if tag.startswith(PIECE)])
    return await RunnableLambda(run, name=name).ainvoke(why, patch_config(config, callbacks=manager))
