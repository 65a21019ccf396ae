"""docs/tools.md is followed: its tool is added through the real registry, and its policies are policies."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from graphs.local import local_tools
from state.canonical import digest
from state.plan import StepResult, Warrant
from state.policy import Policy, load_policy
from state.settings import PROJECT, Settings
from tests.fakes import MemoryLedger
from tools.capability import Caller, Capability
from tools.registry import Registry

PAGE = (PROJECT / "docs" / "tools.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def policy(toml: str, folder: Path) -> Policy:
    path = folder / "policy.toml"
    path.write_text(toml, encoding="utf-8")
    return load_policy(path)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """The page, followed: its file, and its policy entry."""
    [code] = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(code, "docs/tools.md", "exec"), names)
    [entry] = [block for block in blocks("toml") if "[tools.population]" in block]
    tool: Capability = names["population"]()
    return Registry([tool], policy(entry, tmp_path), MemoryLedger())


def call(registry: Registry, args: dict[str, Any]) -> StepResult:
    [tool] = registry.allowed()
    warrant = Warrant(
        step="s1",
        tool=tool.name,
        tool_digest=tool.digest(),
        args=args,
        args_digest=digest(args),
        approved_by="policy",
    )
    return asyncio.run(registry.call(warrant, Caller(), "thread"))


def test_the_added_tool_works(registry: Registry) -> None:
    assert [tool.name for tool in registry.allowed()] == ["population"]
    assert call(registry, {"name": "Leipzig"}).output == {"people": 628_718}


@pytest.mark.parametrize(
    ("args", "error"),
    [({"name": "Atlantis"}, "Ask for Leipzig"), ({"name": ""}, "name"), ({"name": "Leipzig", "x": 1}, "x")],
)
def test_the_added_tool_fails_as_the_page_says(registry: Registry, args: dict[str, Any], error: str) -> None:
    result = call(registry, args)
    assert result.status == "failed"
    assert error in str(result.error)


def test_the_policies_of_the_page_together_offer_every_local_tool(tmp_path: Path) -> None:
    whole = policy("\n".join(blocks("toml")), tmp_path)
    offered = {tool.name for tool in local_tools(Settings(), whole)}
    assert offered <= whole.tools.keys()
    assert whole.tools.keys() - offered == {"open_document", "population"}
    assert all(f"`{name}`" in PAGE for name in offered)
