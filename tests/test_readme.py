"""Every `$ warrant …` of the README and docs is run, and what it prints is compared."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from state.settings import PROJECT
from tests.servers.processes import environment, warrant

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
VOLATILE = [
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s)\b"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d( [\d:.+]+)?"), "<date>"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "<digest>"),
    (re.compile(re.escape(str(PROJECT)) + "/"), ""),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
]


class Example(NamedTuple):
    page: str
    command: str
    printed: str


def examples(page: Path) -> list[Example]:
    found = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append(Example(page.name, command, printed))
    return found


GENERATED = {"cli.md"}
PAGES = [
    PROJECT / "README.md",
    *sorted(p for p in (PROJECT / "docs").glob("*.md") if p.name not in GENERATED),
]
COMMANDS = [example for page in PAGES for example in examples(page) if example.command.startswith("warrant ")]


def plain(text: str) -> list[str]:
    """The lines without what changes from run to run; steps that run in parallel end in any order."""
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return sorted(line for line in text.splitlines() if line)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("example", COMMANDS, ids=lambda example: f"{example.page}: {example.command[:60]}")
def test_a_documented_command_prints_what_the_page_shows(example: Example, home: Path) -> None:
    done = warrant(*shlex.split(example.command)[1:], env=environment(home, COLUMNS="110"))
    assert plain(done.stderr + done.stdout) == plain(example.printed)


def test_the_readme_shows_commands() -> None:
    assert {example.page for example in COMMANDS} >= {"README.md"}
