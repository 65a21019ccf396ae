"""A wait that stands in the trace."""

from collections.abc import Awaitable, Callable

from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config

from state.schema import Json


async def waited(name: str, why: dict[str, Json], wait: Callable[[], Awaitable[None]]) -> None:
    """Wait; inside a run as a run of its own, so that its trace says for what and how long."""
    if var_child_runnable_config.get() is None:
        return await wait()

    async def run(_why: dict[str, Json]) -> None:
        await wait()

    return await RunnableLambda(run, name=name).ainvoke(why)
