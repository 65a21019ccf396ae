"""What review, warrant and ledger cost for each tool call, in plans of 1, 10 and 100 steps.

    python -m benchmarks.per_call --repeats 5

The tool writes, so that every call is claimed in the ledger (SQLite, durable), and each step takes a value
from the step before it, so that every step is scheduled on its own: the dearest plan there is. LangGraph's
supersteps and checkpoints are not in it; benchmarks.overhead has them.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from nodes.plan_rules import Rules, plan_violations
from nodes.steps import Progress
from state.plan import Plan, StepResult
from state.policy import Policy
from state.store import Store
from tools.capability import Caller, Capability, typed
from tools.registry import Registry

STEPS = (1, 10, 100)
NOBODY = Caller()


class Number(BaseModel):
    """A number."""

    n: int


async def _count(args: Number, _caller: Caller) -> Number:
    return Number(n=args.n + 1)


def plan(steps: int) -> Plan:
    """A chain: each step counts on from the one before it."""
    first: dict[str, Any] = {"id": "s0", "tool": "count", "args": {"n": 0}}
    rest = [
        {"id": f"s{number}", "tool": "count", "args": {"n": {"$ref": f"s{number - 1}#/n"}}}
        for number in range(1, steps)
    ]
    return Plan.model_validate({"steps": [first, *rest]})


def registry(tool: Capability, store: Store) -> Registry:
    """The tool under a policy that lets its own output decide."""
    entry = {"effect": "write", "calls": 1_000, "trusted": True}
    return Registry([tool], Policy.model_validate({"tools": {tool.name: entry}}), store)


async def measured(steps: int, tool: Capability, store: Store, scope: str) -> dict[str, float]:
    """Milliseconds for each call, by what took them."""
    door, chain = registry(tool, store), plan(steps)
    limits = Policy.model_validate({"limits": {"steps": 100}}).limits
    started = time.perf_counter()
    found = list(plan_violations(chain, Rules(door, limits, [])))
    review = time.perf_counter() - started
    if found:
        raise AssertionError(found)
    scheduling = calling = 0.0
    results: dict[str, StepResult] = {}
    while len(results) < steps:
        started = time.perf_counter()
        ready, _ = Progress(chain, results, door, "", tainted=False).advance()
        scheduling += time.perf_counter() - started
        for warrant in ready:
            started = time.perf_counter()
            results[warrant.step] = await door.call(warrant, NOBODY, scope)
            calling += time.perf_counter() - started
    if any(one.status != "done" for one in results.values()):
        raise AssertionError(results)
    bare = await _timed(lambda: tool.call({"n": 1}, NOBODY), steps)
    parts = {"review": review, "warrant": scheduling, "call and ledger": calling, "bare call": bare}
    shown = {name: 1e3 * seconds / steps for name, seconds in parts.items()}
    return {
        **shown,
        "overhead": shown["review"] + shown["warrant"] + shown["call and ledger"] - shown["bare call"],
    }


async def _timed(call: Callable[[], Awaitable[object]], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        await call()
    return time.perf_counter() - started


async def _run(repeats: int, folder: str) -> dict[int, dict[str, float]]:
    store = Store(f"sqlite:///{Path(folder) / 'store.db'}")
    tool = typed("count", "Counts.", Number, Number, _count)
    await measured(1, tool, store, "warm-up")
    found: dict[int, dict[str, float]] = {}
    for steps in STEPS:
        runs = [await measured(steps, tool, store, f"{steps}/{number}") for number in range(repeats)]
        found[steps] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    store.close()
    return found


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_run(given.repeats, folder))
    if given.json:
        print(json.dumps(found))
        return
    print(f"{'ms a call, median':24}" + "".join(f"{steps:>10} steps" for steps in found))
    for name in next(iter(found.values())):
        print(f"{name:24}" + "".join(f"{found[steps][name]:16.3f}" for steps in found))


if __name__ == "__main__":
    main()
