"""Effects at most once: processes killed at every boundary, workers that race, and what the ledger costs.

    python -m benchmarks.effects --count 200 --races 1000

Every case is a thread of the real graph with SQLite checkpoints and the durable ledger; the effect appends a
line to a file. A child process is killed with SIGKILL at the boundary, and another process resumes the
thread. Where the outcome is unknown, it is settled by looking at the file, and the run goes on. `duplicates`
counts effects made more than once, `lost` those that were neither made nor asked about, `met` how often one
worker found the other in the middle of the effect. `plain` is the same call in LangGraph's `ToolNode` with
the same checkpointer and `durability="sync"`.
"""

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeAlias, get_args

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from benchmarks.crashing import Boundary, World, call, plain, warrant
from state.agent import Context
from state.canonical import digest
from state.plan import Warrant
from state.store import Store
from tools.capability import Capability
from tools.effects import Effect, at_most_once, effect_key

WARRANT: tuple[Boundary, ...] = get_args(Boundary)
PLAIN: tuple[Boundary, ...] = ("after the effect", "before the checkpoint")
WARM_UP = 20
"""Claims that are made before their time is taken."""
RACE_SECONDS = 60.0
"""How long one worker waits for the other at the start of a race."""

Report: TypeAlias = dict[str, Any]


def config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


def in_child(work: Callable[[], Coroutine[Any, Any, object]]) -> Any:  # noqa: ANN401  whatever the work returns as JSON
    """What the work returns in a process of its own; None if that was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writing, json.dumps(asyncio.run(work())).encode())
            os._exit(0)
        except BaseException:  # noqa: BLE001  nothing may return into the parent's code
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        written = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == -signal.SIGKILL:
        return None
    if code:
        raise RuntimeError(f"a child ended with exit code {code}")
    return json.loads(written)


async def ask(world: World, thread: str) -> object:
    """Start a run of our graph; the process is killed on the way."""
    async with world.saver() as saver:
        graph = warrant(world, world.store(), saver)
        end = await graph.ainvoke(
            {"messages": [HumanMessage(thread)]}, config(thread), context=Context(), durability="sync"
        )
    return end["outcome"]


async def resume(world: World, thread: str) -> list[object]:
    """Resume a run; if nobody knows what happened, look, settle it, and go on from before the call.

    Returns:
        The outcomes, and how often the effect was made when the first of them was given.
    """
    store = world.store()
    async with world.saver() as saver:
        graph = warrant(world, store, saver)
        first = (await graph.ainvoke(None, config(thread), context=Context(), durability="sync"))["outcome"]
        made = world.made().count(thread)
        if first != "needs_input":
            return [first, made, first]
        [effect] = store.unknown_effects(f"{thread}/")
        store.resolve(effect.key, happened=made > 0, output={"line": thread})
        history = [at async for at in graph.aget_state_history(config(thread)) if "execute" in at.next]
        end = await graph.ainvoke(None, history[0].config, context=Context(), durability="sync")
        return [first, made, end["outcome"]]


async def ask_plain(world: World, thread: str) -> None:
    """Start a run of `ToolNode`; the process is killed on the way."""
    async with world.saver() as saver:
        await plain(world, saver).ainvoke({"messages": [call(thread)]}, config(thread), durability="sync")


async def resume_plain(world: World, thread: str) -> None:
    """Resume it."""
    async with world.saver() as saver:
        await plain(world, saver).ainvoke(None, config(thread), durability="sync")


def kill(boundary: Boundary, count: int, folder: Path) -> Report:
    """Kill runs of our graph at a boundary, and resume each in another process."""
    seen: Counter[str] = Counter()
    threads = [f"t{number}" for number in range(count)]
    for thread in threads:
        killed = in_child(partial(ask, World(folder, boundary), thread)) is None
        first, made, last = in_child(partial(resume, World(folder), thread))
        seen.update(
            killed=killed,
            unknown=first == "needs_input",
            lost=not made and first != "needs_input",
            answered=last == "answered",
        )
    made = Counter(World(folder).made())
    return {
        "killed": seen["killed"],
        "duplicates": sum(made[thread] > 1 for thread in threads),
        "lost": seen["lost"],
        "unknown": seen["unknown"],
        "answered in the end": seen["answered"],
        "made exactly once in the end": sum(made[thread] == 1 for thread in threads),
    }


def kill_plain(boundary: Boundary, count: int, folder: Path) -> Report:
    """The same for `ToolNode`."""
    threads = [f"t{number}" for number in range(count)]
    killed = 0
    for thread in threads:
        killed += in_child(partial(ask_plain, World(folder, boundary), thread)) is None
        in_child(partial(resume_plain, World(folder), thread))
    made = Counter(World(folder).made())
    return {"killed": killed, "duplicates": sum(made[thread] > 1 for thread in threads)}


async def race(world: World, me: int, races: int, barrier: Barrier) -> None:
    """Resume thread after thread at the same moment as the other worker; the first one prepares them."""
    store = world.store()
    async with world.saver() as saver:
        graph, stopping = warrant(world, store, saver), warrant(world, store, saver, ["execute"])
        for thread in (f"r{number}" for number in range(races)):
            if not me:
                given = {"messages": [HumanMessage(thread)]}
                await stopping.ainvoke(given, config(thread), context=Context(), durability="sync")
            barrier.wait(RACE_SECONDS)
            end = await graph.ainvoke(None, config(thread), context=Context(), durability="sync")
            if end["outcome"] != "answered":
                raise RuntimeError(f"{thread} ended {end['outcome']}: {end['reason']}")
    store.close()


async def race_plain(world: World, me: int, races: int, barrier: Barrier) -> None:
    """The same for `ToolNode`."""
    async with world.saver() as saver:
        graph, stopping = plain(world, saver), plain(world, saver, ["tools"])
        for thread in (f"r{number}" for number in range(races)):
            if not me:
                await stopping.ainvoke({"messages": [call(thread)]}, config(thread), durability="sync")
            barrier.wait(RACE_SECONDS)
            await graph.ainvoke(None, config(thread), durability="sync")


Met: TypeAlias = "Synchronized[int]"
Racer: TypeAlias = Callable[[World, int, int, Barrier], Coroutine[Any, Any, None]]


def _worker(racer: Racer, folder: Path, me: int, *, races: int, barrier: Barrier, met: Met) -> None:
    world = World(folder)
    asyncio.run(racer(world, me, races, barrier))
    with met.get_lock():
        met.value += world.met


async def set_up(world: World) -> None:
    """Create the databases."""
    world.store().effects()
    async with world.saver():
        pass


def races_of(racer: Racer, races: int, folder: Path) -> Report:
    """Two workers that live as long as all races."""
    in_child(partial(set_up, World(folder)))  # two that switch a new file to WAL at once lock each other out
    context = multiprocessing.get_context("fork")
    barrier, met = context.Barrier(2), context.Value("i", 0)
    shared = {"races": races, "barrier": barrier, "met": met}
    workers = [context.Process(target=_worker, args=(racer, folder, me), kwargs=shared) for me in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"a worker ended with exit code {[worker.exitcode for worker in workers]}")
    made = Counter(World(folder).made())
    return {
        "races": races,
        "met": met.value,
        "duplicates": sum(count > 1 for count in made.values()),
        "lost": races - len(made),
    }


def cost(count: int, folder: Path) -> Report:
    """Median milliseconds of a durable claim, of recording its result, and of both around an instant call.

    Beside them what the disk takes to make one page durable, which each of the two waits for once.
    """
    store = Store(f"sqlite:///{folder / 'warrant.db'}")
    taken: dict[str, list[float]] = {"fsync": [], "claim": [], "finish": [], "claim and finish": []}
    page = os.open(folder / "page", os.O_WRONLY | os.O_CREAT)
    for number in range(WARM_UP + count):
        start = time.perf_counter()
        os.write(page, bytes(4096))
        os.fsync(page)
        began = time.perf_counter()
        store.claim(f"k{number}", scope="t/m", step="s1", tool="t", args_digest="d", plan="p", seconds=20)
        claimed = time.perf_counter()
        store.finish(f"k{number}", {"line": "x"})
        ended = time.perf_counter()
        spent = (began - start, claimed - began, ended - claimed, ended - began)
        for name, seconds in zip(taken, spent, strict=True):
            taken[name].append(seconds)
    os.close(page)
    taken["at_most_once"] = asyncio.run(calls(count, store))
    store.close()
    return {name: round(1e3 * statistics.median(seconds[WARM_UP:]), 3) for name, seconds in taken.items()}


async def calls(count: int, store: Store) -> list[float]:
    """Seconds that each call takes with the ledger around it, whose threads are part of the cost."""

    async def instant(args: dict[str, Any]) -> dict[str, Any]:
        return args

    tool = Capability("append", "Append a line.", {}, {}, lambda args, _caller: instant(args))
    taken = []
    for number in range(WARM_UP + count):
        args = {"line": str(number)}
        fields = {"step": "s1", "tool": tool.name, "args": args, "args_digest": digest(args)}
        made = Warrant.model_validate({**fields, "tool_digest": "d", "approved_by": "policy"})
        effect = Effect(effect_key("t/n", "s1", tool.name, args), "t/n", tool, made, seconds=20, plan="p")
        began = time.perf_counter()
        await at_most_once(effect, store, instant)
        taken.append(time.perf_counter() - began)
    return taken


def measure(count: int, races: int, claims: int, folder: Path) -> Report:
    """Everything, each part in a folder of its own."""

    def fresh() -> Path:
        return Path(tempfile.mkdtemp(dir=folder))

    return {
        "killed": {boundary: kill(boundary, count, fresh()) for boundary in WARRANT},
        "killed, plain": {boundary: kill_plain(boundary, count, fresh()) for boundary in PLAIN},
        "raced": races_of(race, races, fresh()),
        "raced, plain": races_of(race_plain, races, fresh()),
        "milliseconds": cost(claims, fresh()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200, help="processes killed at each boundary")
    parser.add_argument("--races", type=int, default=1000, help="threads that two workers resume at once")
    parser.add_argument("--claims", type=int, default=500, help="claims whose time is taken")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one by default")
    given = parser.parse_args()
    gc.freeze()  # children share what was imported
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        report = measure(given.count, given.races, given.claims, Path(folder))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
