"""Scripted servers as processes, and the registry in front of them."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from state.canonical import digest
from state.plan import StepResult, Warrant
from state.policy import Policy
from state.settings import PROJECT
from tests.fakes import MemoryLedger
from tools.capability import Caller
from tools.mcp.approval import approved, said
from tools.mcp.capabilities import mcp_capabilities
from tools.mcp.lock import Lock
from tools.registry import Registry

SERVER = PROJECT / "tests" / "servers" / "mcp_server.py"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": False}
SUM = {"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]}
ANYTHING = {"type": "object"}
ECHO = {"name": "echo", "description": "Says what it is told.", "inputSchema": TEXT}
ADD = {
    "name": "add",
    "description": "Adds two numbers.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "a": {"type": "number"},
            "b": {"type": "number", "default": 0},
            "unit": {"enum": ["m", "s"]},
        },
        "required": ["a", "b"],
    },
    "outputSchema": SUM,
    "annotations": {"readOnlyHint": True},
}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"It is called {name}.", "inputSchema": ANYTHING, **more}


@dataclass
class Scripted:
    """The script of one server, its part of the policy, and its calls."""

    path: Path
    name: str
    entry: dict[str, Any]

    def write(self, **script: Any) -> None:
        self.path.write_text(json.dumps(script), encoding="utf-8")

    def calls(self) -> list[Any]:
        log = self.path.with_name(self.path.name + ".calls")
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


@dataclass
class World:
    """Servers, what is approved of them, and what the policy allows."""

    folder: Path
    servers: dict[str, Scripted] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    effects: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(
        self, name: str, tools: list[dict[str, Any]], entry: dict[str, Any] | None = None, **script: Any
    ) -> Scripted:
        path = self.folder / f"{name}.json"
        command = {"command": sys.executable, "args": [str(SERVER), str(path)]}
        made = Scripted(path, name, {**({} if "url" in (entry or {}) else command), **(entry or {})})
        made.write(tools=tools, **script)
        self.servers[name] = made
        return made

    def policy(self) -> Policy:
        tools = {
            f"{server}.{tool}": {
                "effect": self.effects.get(f"{server}.{tool}", "read"),
                "timeout_seconds": self.seconds.get(f"{server}.{tool}", 10.0),
            }
            for server, locked in self.lock.servers.items()
            for tool in locked.tools
        }
        return Policy.model_validate({"mcp": {n: s.entry for n, s in self.servers.items()}, "tools": tools})

    async def approve(self, *names: str) -> None:
        """Take what the servers say now."""
        for name in names or self.servers:
            policy = self.policy().mcp[name]
            self.lock = approved(self.lock, name, await said(name, policy), ["refund_order", "calculate"])

    def registry(self) -> Registry:
        policy = self.policy()
        return Registry(mcp_capabilities(policy, self.lock, self.folder / "logs"), policy, self.ledger)

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text("utf-8") if path.exists() else ""


Call = Callable[..., Any]


async def call(
    registry: Registry,
    name: str,
    args: dict[str, Any] | None = None,
    caller: Caller | None = None,
    step: str = "s1",
) -> StepResult:
    """Call under a warrant, as the graph does."""
    found = registry.find(name)
    assert found is not None, name
    warrant = Warrant(
        step=step,
        tool=name,
        tool_digest=found.digest(),
        args=args or {},
        args_digest=digest(args or {}),
        approved_by="human",
    )
    return await registry.call(warrant, caller or Caller(), "scope")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
