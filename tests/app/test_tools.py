"""`warrant tools`, as a user runs it, with a real server."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.tools import commands
from state.errors import WarrantError
from state.settings import settings
from tests.servers.processes import environment, warrant
from tests.tools.mcp.conftest import ECHO, SERVER, tool

POLICY = """
[tools.calculate]
effect = "read"

[mcp.demo]
command = {command}
args = {args}
"""
ALLOWED = """
[tools."demo.echo"]
effect = "read"
"""


class Project:
    """A policy with one server, and the commands run in this process, since starting one takes seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "demo.json"
        self.policy = folder / "policy.toml"
        args = json.dumps([str(SERVER), str(self.script)])
        self.start = POLICY.format(command=json.dumps(sys.executable), args=args)
        self.policy.write_text(self.start, encoding="utf-8")
        self.says(ECHO)

    def says(self, *tools: dict[str, Any], **more: Any) -> None:
        self.script.write_text(json.dumps({"tools": tools, **more}), encoding="utf-8")

    def run(self, *args: str, code: int = 0) -> str:
        done = CliRunner().invoke(commands, args)
        if isinstance(done.exception, WarrantError):
            assert done.exception.exit_code == code, done.exception
            return str(done.exception)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def seen(self) -> str:
        said = json.loads(self.run("diff", "demo", "--json", code=4))
        return str(said["servers"]["demo"]["seen"])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("WARRANT_POLICY", str(tmp_path / "policy.toml"))
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield Project(tmp_path)
    settings.cache_clear()


def test_from_an_unknown_server_to_an_allowed_tool_and_a_noticed_change(project: Project) -> None:
    assert "0 problems" in project.run("check")
    project.policy.write_text(project.start + ALLOWED, encoding="utf-8")
    assert "demo.echo, which is not approved" in project.run("check", code=2)
    assert "warrant tools diff demo" in project.run("list", code=2)
    seen = project.seen()
    assert "something else than what was seen" in project.run("approve", "demo", "--seen", "0" * 16, code=2)
    assert "1 tools approved" in project.run("approve", "demo", "--seen", seen)
    rows = json.loads(project.run("list", "--json"))["tools"]
    assert [(r["name"], r["effect"], r["origin"]) for r in rows] == [
        ("calculate", "read", "local"),
        ("demo.echo", "read", "MCP server demo"),
    ]
    assert "demo: nothing changed" in project.run("diff")
    project.says({**ECHO, "description": "Says it twice.\u202e"}, tool("more"))
    assert "0 problems, 0 warnings" in project.run("check")
    connected = project.run("check", "--connect", code=2)
    assert "problem: changed: demo.echo" in connected
    assert "warning: added: demo.more" in connected
    shown = project.run("diff", code=4)
    assert '-  "description": "Says what it is told."' in shown
    assert "cannot be approved: demo.echo: it holds characters that cannot be seen: U+202E" in shown
    assert "cannot be approved" in project.run("approve", "demo", "--seen", project.seen(), code=2)


def test_a_server_that_cannot_be_reached_is_told_apart_from_a_wrong_policy(project: Project) -> None:
    project.script.unlink()
    found = json.loads(project.run("check", "--connect", "--json", code=5))
    assert found["problems"] == []
    assert "The MCP server demo ended" in found["unreached"][0]
    log = found["unreached"][0].rpartition("What it said: ")[2]
    assert "FileNotFoundError" in Path(log).read_text(encoding="utf-8")
    assert "names no MCP server 'other'" in project.run("diff", "other", code=2)
    project.policy.write_text(project.start + "shell = true\n", encoding="utf-8")
    assert "mcp.demo.shell" in project.run("check", code=2)


def test_as_a_process_without_a_terminal_nothing_is_approved_unseen(project: Project) -> None:
    env = environment(project.folder / "home", WARRANT_POLICY=str(project.policy))
    done = warrant("tools", "approve", "demo", env=env)
    assert done.returncode == 2
    assert "Give --seen" in done.stderr
    assert not (project.folder / "mcp.lock").exists()


@pytest.mark.parametrize("command", ["list", "check", "diff", "approve"])
def test_help_has_an_example(command: str, tmp_path: Path) -> None:
    done = warrant("tools", command, "--help", env={**environment(tmp_path), "PATH": os.environ["PATH"]})
    assert f"warrant tools {command}" in done.stdout.partition("Example")[2]
