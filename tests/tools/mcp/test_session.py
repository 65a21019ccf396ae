"""Sessions: shared, bounded, lost, found again."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from state.canonical import digest
from state.plan import Warrant
from tests.servers.processes import free_port
from tests.tools.mcp.conftest import ADD, ECHO, SERVER, World, call, tool
from tools.capability import Caller


@contextlib.contextmanager
def over_http(script: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, SERVER, script, str(port)]) as process:
        try:
            yield process
        finally:
            process.kill()


async def until_up(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the server did not come up")


def parts(result: Any) -> Any:
    assert result.status == "done", result.error
    return json.loads(result.output["content"][0]["text"])


def test_fifty_calls_at_once_and_three_loops_use_one_session_each(world: World) -> None:
    world.add("a", [ECHO, ADD, tool("environment")])
    asyncio.run(world.approve())
    registry = world.registry()

    async def run() -> int:
        sums = await asyncio.gather(*(call(registry, "a.add", {"a": n, "b": 1}) for n in range(50)))
        assert [result.output for result in sums] == [{"sum": n + 1} for n in range(50)]
        pids = {parts(await call(registry, "a.environment"))["pid"] for _ in range(3)}
        assert len(pids) == 1
        return int(pids.pop())

    pids = [asyncio.run(run()) for _ in range(3)]
    assert len(set(pids)) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_blocks_the_loop(world: World) -> None:
    world.add("a", [ECHO])
    asyncio.run(world.approve())
    registry = world.registry()

    async def run() -> None:
        with blockbuster_ctx(scanned_modules=["tools"]):
            result = await call(registry, "a.echo", {"text": "x"})
        assert result.status == "done", result.error

    asyncio.run(run())


@pytest.mark.parametrize("effect", ["read", "write"])
def test_a_server_that_is_killed_mid_call_is_started_again(world: World, effect: str) -> None:
    world.add("a", [ECHO, tool("sleep"), tool("environment")])
    world.effects["a.sleep"] = effect

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        pid = parts(await call(registry, "a.environment"))["pid"]
        waiting = asyncio.create_task(call(registry, "a.sleep", {"seconds": 60}))
        for _ in range(1_000):
            if any(name == "sleep" for name, _ in world.servers["a"].calls()):
                break
            await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        lost = await waiting
        assert lost.status == ("failed" if effect == "read" else "unknown")
        assert "The MCP server a ended" in (lost.error or "")
        assert (await call(registry, "a.echo", {"text": "x"})).status == "done"

    asyncio.run(run())


def test_an_idle_server_that_died_costs_a_write_nothing(world: World) -> None:
    world.add("a", [ECHO, tool("environment")])
    world.effects["a.echo"] = "write"

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        os.kill(parts(await call(registry, "a.environment"))["pid"], signal.SIGKILL)
        assert (await call(registry, "a.echo", {"text": "x"})).status == "done"

    asyncio.run(run())


@pytest.mark.parametrize(("final", "status"), [(False, "unknown"), (True, "failed")])
def test_a_write_that_is_answered_with_an_error_is_unknown_unless_policy_trusts_that(
    world: World, final: bool, status: str
) -> None:
    world.add("a", [tool("fail")], {"errors_are_final": final})
    world.effects["a.fail"] = "write"

    async def run() -> None:
        await world.approve()
        assert (await call(world.registry(), "a.fail")).status == status

    asyncio.run(run())


def test_a_call_that_takes_too_long_leaves_the_session_usable(world: World) -> None:
    world.add("a", [tool("sleep"), tool("environment")])
    world.seconds["a.sleep"] = 0.2

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        pid = parts(await call(registry, "a.environment"))["pid"]
        late = await call(registry, "a.sleep", {"seconds": 60})
        assert "took longer than 0.2 s" in (late.error or "")
        assert parts(await call(registry, "a.environment"))["pid"] == pid

    asyncio.run(run())


def test_connecting_is_bounded_and_repeated_failures_open_the_breaker(world: World) -> None:
    server = world.add("a", [ECHO], {"connect_seconds": 1.5})
    world.servers["a"].entry["connect_seconds"] = 30.0
    asyncio.run(world.approve())
    server.write(tools=[ECHO], mute=True)
    server.entry["connect_seconds"] = 0.2

    async def run() -> None:
        registry = world.registry()
        started = time.monotonic()
        errors = [(await call(registry, "a.echo", {"text": "x"})).error or "" for _ in range(3)]
        assert "did not answer in time" in errors[0]
        assert "is left alone" in errors[2]
        assert time.monotonic() - started < 10

    asyncio.run(run())
    assert server.calls() == []


def test_a_command_that_does_not_exist_is_a_failed_step(world: World) -> None:
    world.add("a", [ECHO])
    asyncio.run(world.approve())
    world.servers["a"].entry["cwd"] = str(world.folder / "gone")
    result = asyncio.run(call(world.registry(), "a.echo", {"text": "x"}))
    assert result.status == "failed"
    assert "cannot be started" in (result.error or "")


def test_two_servers_may_have_a_tool_of_one_name(world: World) -> None:
    for name in ("a", "b"):
        world.add(name, [ECHO, tool("environment")])

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        pids = {parts(await call(registry, f"{name}.environment"))["pid"] for name in ("a", "b")}
        assert len(pids) == 2
        assert sorted(one.name for one in registry.allowed()) == [
            "a.echo",
            "a.environment",
            "b.echo",
            "b.environment",
        ]

    asyncio.run(run())


def test_a_server_gets_its_own_secrets_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("a", [tool("environment")], {"env": ["TOKEN_A"]})
    monkeypatch.setenv("TOKEN_A", "ours")
    monkeypatch.setenv("TOKEN_B", "not for a")

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        env = parts(await call(registry, "a.environment"))["env"]
        assert env.keys() - {"LC_CTYPE"} == {"PATH", "TOKEN_A"}
        assert env["TOKEN_A"] == "ours"
        theirs = Caller(secrets={"TOKEN_A": "theirs", "PATH": "/evil", "TOKEN_B": "x"})
        assert "theirs" not in repr(theirs)
        env = parts(await call(registry, "a.environment", caller=theirs))["env"]
        assert (env["TOKEN_A"], env["PATH"]) == ("theirs", os.environ["PATH"])
        monkeypatch.delenv("TOKEN_A")
        missing = await call(registry, "a.environment")
        assert "needs TOKEN_A" in (missing.error or "")

    asyncio.run(run())


@pytest.mark.parametrize("as_json", [False, True])
def test_the_same_over_http(world: World, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    monkeypatch.setenv("TOKEN_A", "Bearer secret")
    port = free_port()
    entry = {
        "url": f"http://127.0.0.1:{port}/mcp",
        "headers": {"Authorization": "env:TOKEN_A"},
        "result_bytes": 100_000,
    }
    tools = [ECHO, tool("headers"), tool("big"), tool("rewrite")]
    server = world.add("a", tools, entry, json=as_json)
    world.effects["a.echo"] = "write"

    async def run() -> None:
        with over_http(server.path, port) as process:
            await until_up(port)
            await world.approve()
            registry = world.registry()
            assert parts(await call(registry, "a.headers"))["authorization"] == "Bearer secret"
            results = await asyncio.gather(*(call(registry, "a.headers") for _ in range(20)))
            assert {one.status for one in results} == {"done"}
            big = await call(registry, "a.big", {"bytes": 200_000})
            assert (big.status, big.output) == ("failed", None)
            rewritten = await call(registry, "a.rewrite", {"script": {"tools": [*tools[1:]]}})
            assert rewritten.status == "done"
            assert "no longer has the tool echo" in (
                (await call(registry, "a.echo", {"text": "x"})).error or ""
            )
            server.write(tools=tools, json=as_json)
            process.kill()
            process.wait()
            down = await call(registry, "a.echo", {"text": "x"})
            assert down.status == "failed", "nothing was sent, so that nothing is unknown"
        with over_http(server.path, port):
            await until_up(port)
            assert (await call(registry, "a.echo", {"text": "x"}, step="s2")).status == "done"

    asyncio.run(run())


def test_arguments_are_validated_before_anything_is_sent(world: World) -> None:
    server = world.add("a", [ADD])

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        result = await call(registry, "a.add", {"a": 1, "b": "two"})
        assert result.status == "failed"
        found = registry.find("a.add")
        assert found is not None
        other = Warrant(step="s1", tool="a.add", tool_digest=found.digest(), args={"a": 2, "b": 2},
                        args_digest=digest({"a": 1, "b": 2}), approved_by="policy")  # fmt: skip
        assert (await registry.call(other, Caller(), "scope")).status == "failed"

    asyncio.run(run())
    assert server.calls() == []


def test_results_are_typed(world: World) -> None:
    world.add("a", [tool("image"), tool("bare", outputSchema={"type": "object"})])

    async def run() -> None:
        await world.approve()
        registry = world.registry()
        assert (await call(registry, "a.image")).output == {
            "content": [{"kind": "text", "text": "seen"}, {"kind": "image", "text": ""}]
        }
        assert "gave no structured content" in ((await call(registry, "a.bare")).error or "")

    asyncio.run(run())
