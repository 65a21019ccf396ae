"""`warrant effects`, as a user runs it, on a real store."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.effects import commands
from state.canonical import digest
from state.errors import UsageError
from state.settings import settings
from state.store import Store
from tests.servers.processes import environment, warrant

EFFECT: dict[str, Any] = {"step": "s1", "tool": "refund", "args_digest": "d", "seconds": 0}
LOST, LEFT, DONE = map(digest, "abc")
Invoke = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """One effect that is lost, one that was left by its process, one that is done."""
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path))
    settings.cache_clear()
    opened = Store(settings().database_url())
    for key, thread in ((LOST, "t1"), (LEFT, "t1"), (DONE, "t10")):
        opened.claim(key, **EFFECT, scope=f"{thread}/m1")
    opened.lose(LOST, "no reply\x1b[31m\nafter sending")
    opened.finish(DONE, {"id": 1})
    yield opened
    opened.close()
    settings.cache_clear()


@pytest.fixture
def effects(store: Store) -> Invoke:
    def invoke(*args: str) -> str:
        return CliRunner().invoke(commands, args, catch_exceptions=False).stdout

    return invoke


def test_what_is_unknown_is_listed_with_what_is_known_of_it(effects: Invoke) -> None:
    lines = effects("list").splitlines()
    assert [line.split()[0] for line in lines] == [key[7:19] for key in (LOST, LEFT)]
    assert "unknown" in lines[1], "nobody knows what became of a claim whose time is up"
    assert lines[0].endswith("refund  t1/m1  s1  no reply[31m after sending")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ((), [LOST, LEFT]),
        (("--all",), [LOST, LEFT, DONE]),
        (("--thread", "t1"), [LOST, LEFT]),
        (("--thread", "t1", "--all"), [LOST, LEFT]),
        (("--thread", "t10"), []),
        (("--thread", "%"), []),
    ],
)
def test_the_list_is_one_json_document(effects: Invoke, options: tuple[str, ...], keys: list[str]) -> None:
    assert [each["key"] for each in json.loads(effects("list", "--json", *options))] == keys


def test_an_effect_is_settled_by_the_beginning_of_its_key(effects: Invoke, store: Store) -> None:
    settled = json.loads(effects("resolve", LOST[7:19], "--happened", "--output", '{"id": 7}', "--json"))
    assert (settled["state"], settled["error"]) == ("done", "settled by hand")
    assert effects("resolve", LEFT, "--did-not-happen").split()[:2] == [LEFT[7:19], "failed"]
    assert effects("list") == ""
    claims = [store.claim(key, **EFFECT, scope="t1/m1") for key in (LOST, LEFT)]
    assert [(claim.state, claim.output) for claim in claims] == [("done", {"id": 7}), ("new", None)]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ((LOST,), "Give --happened or --did-not-happen"),
        ((LOST, "--did-not-happen", "--output", "1"), "Leave --output out"),
        ((LOST, "--happened", "--output", "{"), "not JSON"),
        ((DONE, "--did-not-happen"), "settled already"),
        (("ffff", "--happened"), r"See: warrant effects list\."),
    ],
)
def test_what_cannot_be_settled_changes_nothing(
    effects: Invoke, store: Store, args: tuple[str, ...], problem: str
) -> None:
    before = store.effects()
    with pytest.raises(UsageError, match=problem):
        effects("resolve", *args)
    assert store.effects() == before


def test_the_console_script_says_the_way_out_and_its_exit_code(store: Store, tmp_path: Path) -> None:
    env = environment(tmp_path)
    wrong = warrant("effects", "resolve", "ffff", "--happened", env=env)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("warrant: No effect has a key that begins with 'ffff'.")
    settled = warrant("effects", "resolve", LOST[7:19], "--happened", "--json", env=env)
    assert json.loads(settled.stdout)["state"] == "done"
    assert settled.stderr == "Go on with: warrant ask --resume t1\n"
    empty = warrant("effects", "list", "--thread", "none", env=env)
    assert (empty.returncode, empty.stdout, empty.stderr) == (0, "", "No effect is unknown.\n")
    assert LEFT in warrant("effects", "list", "--json", env=env).stdout
