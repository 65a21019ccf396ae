"""The GitHub Actions example of `docs/ci.md`: it parses, and the commands that it names exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from app.cli import cli
from app.eval_compare import EXIT

PAGE = (Path(__file__).parent.parent / "docs" / "ci.md").read_text(encoding="utf-8")


def workflow() -> dict[str, Any]:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    parsed: dict[str, Any] = yaml.safe_load(block)
    return parsed


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow()["jobs"]["eval"]["steps"]
    return found


def commands() -> Iterator[list[str]]:
    for step in steps():
        for line in step.get("run", "").splitlines():
            if "bin/warrant " in line:
                yield shlex.split(line.split("bin/warrant ")[1].split(">")[0])


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_each_command_exists_and_has_the_options(words: list[str]) -> None:
    command: Any = typer.main.get_command(cli)
    rest = list(words)
    while isinstance(command, TyperGroup):
        name = rest.pop(0)
        assert name in command.commands, f"there is no `warrant {name}`"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options


def test_the_example_does_what_a_gate_needs() -> None:
    text = " ".join(str(step) for step in steps())
    for part in ("actions/checkout", "actions/setup-python", "actions/cache", "make ", "upload-artifact"):
        assert part in text
    assert [words[1] for words in commands()] == ["run", "compare", "report"]
    assert '"$code" -eq 3' in text


def test_the_table_names_every_exit_code() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert documented == {*EXIT.values(), 2}
