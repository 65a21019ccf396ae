"""`warrant serve --mcp` with a real client of another program's kind."""

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.servers.processes import BIN, environment, free_port, warrant
from tests.tools.mcp.test_session import until_up

POLICY = """
[tools.calculate]
effect = "read"

[tools.order_status]
effect = "read"
control = ["order_id"]

[tools.search_documents]
effect = "read"
approval = "always"

[tools.refund_order]
effect = "write"
approval = "never"
"""


def given(folder: Path) -> dict[str, str]:
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    return environment(folder / "home", WARRANT_POLICY=str(policy), WARRANT_MODEL="offline")


async def use(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"ask", "calculate"}, "nothing that writes, nor what a human would be asked about"
    result = await client.call_tool("calculate", {"expression": "6*7"})
    assert result.structured_content == {"expression": "6*7", "result": 42}
    document = (await client.call_tool("ask", {"question": "What is 17% of 340?"})).structured_content
    assert document["outcome"] == "answered"
    assert "57.8" in document["answer"]["text"]
    for name, args in (
        ("refund_order", {"order_id": "WR-1042"}),
        ("calculate", {"expression": 1}),
        ("calculate", {"expression": "1", "extra": 1}),
        ("ask", {}),
        ("ask", {"question": "x", "model": "openai:gpt"}),
    ):
        assert (await client.call_tool(name, args)).is_error, (name, args)


def test_over_stdio(tmp_path: Path) -> None:
    command = StdioServerParameters(
        command=str(BIN / "warrant"), args=["serve", "--mcp"], env=given(tmp_path), cwd=tmp_path
    )

    async def run() -> None:
        async with Client(command, read_timeout_seconds=60) as client:
            await use(client)

    asyncio.run(run())


def test_over_http_on_this_machine_only(tmp_path: Path) -> None:
    port = free_port()
    command = [BIN / "warrant", "serve", "--mcp", "--http", "--port", str(port)]

    async def run() -> None:
        await until_up(port)
        async with Client(f"http://127.0.0.1:{port}/mcp", read_timeout_seconds=60) as client:
            await use(client)

    with subprocess.Popen(command, env=given(tmp_path), cwd=tmp_path, stderr=subprocess.PIPE) as process:
        try:
            asyncio.run(run())
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, 130)
        finally:
            process.kill()


def test_without_a_protocol_there_is_nothing_to_serve(tmp_path: Path) -> None:
    done = warrant("serve", env=environment(tmp_path))
    assert done.returncode == 2
    assert "--mcp" in done.stderr


@pytest.mark.parametrize("word", ["127.0.0.1", "--port", "warrant serve --mcp --http"])
def test_help(tmp_path: Path, word: str) -> None:
    assert word in warrant("serve", "--help", env=environment(tmp_path, COLUMNS="110")).stdout
