"""What one session per server saves: calls over one session against a process for each call, in one run.

    python -m benchmarks.mcp_session

Both go through `tools.mcp.server.Server`, so that both check the definitions; a process for each call is also
ended each time. The server is that of the tests, whose tool answers at once. `bare` is `mcp`'s own client.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from state.mcp_policy import McpServerPolicy
from state.settings import PROJECT
from tools.capability import Caller
from tools.mcp.approval import said
from tools.mcp.server import Server

TOOL = {"name": "echo", "description": "Says what it is told.", "inputSchema": {"type": "object"}}
ARGS = {"text": "hello"}


async def measure(calls: int, processes: int, folder: Path) -> dict[str, Any]:
    """Times are milliseconds for each call."""
    script = folder / "server.json"
    script.write_text(json.dumps({"tools": [TOOL]}), encoding="utf-8")
    line = [str(PROJECT / "tests" / "servers" / "mcp_server.py"), str(script)]
    policy = McpServerPolicy(command=sys.executable, args=tuple(line))
    listed = await said("bench", policy)
    tool = listed.tools["echo"]
    shared = Server("bench", policy, listed.identity)

    async def over_one() -> None:
        await shared.call(tool, ARGS, Caller(), repeatable=True)

    async def over_new() -> None:
        server = Server("bench", policy, listed.identity)
        await server.call(tool, ARGS, Caller(), repeatable=True)
        await server.close()

    await over_one()
    one = await _times(over_one, calls)
    await shared.close()
    new = await _times(over_new, processes)
    async with Client(StdioServerParameters(command=sys.executable, args=line)) as client:
        bare = await _times(lambda: client.call_tool("echo", dict(ARGS)), calls)
    found = {"one session": one, "process per call": new, "bare client, one session": bare}
    ratio = statistics.median(new) / statistics.median(one)
    shown = {name: _summary(times) for name, times in found.items()}
    return {**shown, "process per call / one session (p50)": round(ratio)}


async def _times(call: Callable[[], Awaitable[object]], count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1000)
    return times


def _summary(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {
        "calls": len(times),
        "p50 ms": round(cuts[9], 2),
        "p95 ms": round(cuts[18], 2),
        "total s": round(sum(times) / 1000, 2),
    }


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=1_000, help="calls over one session")
    parser.add_argument("--processes", type=int, default=20, help="calls with a process each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(given.calls, given.processes, Path(folder)))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
