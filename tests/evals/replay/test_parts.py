"""What is declared volatile, which exception a recorded error is, which graph a name is."""

from pathlib import Path
from typing import Any

import pytest

from evals.replay.failures import RecordedError, exception
from evals.replay.graph import load
from evals.replay.volatile import volatile
from state.errors import UsageError


@pytest.mark.parametrize(
    ("text", "kind", "args"),
    [
        ("ValueError('no 1')\n\nTraceback …", ValueError, ("no 1",)),
        ("KeyError('a')", KeyError, ("a",)),
        ("FileNotFoundError(2, 'gone')", FileNotFoundError, (2, "gone")),
        ("ValueError()", ValueError, ()),
        ("NoSuchThingError('x')", RecordedError, ("NoSuchThingError('x')",)),
        ("ValueError(<object at 0x1>)", RecordedError, ("ValueError(<object at 0x1>)",)),
        ("some text", RecordedError, ("some text",)),
        ("", RecordedError, ("",)),
        ("exec('x')", RecordedError, ("exec('x')",)),
    ],
)
def test_an_error_is_raised_as_it_was(text: str, kind: type[Exception], args: tuple[Any, ...]) -> None:
    found = exception(text)
    assert (type(found), found.args) == (kind, args)


def test_equal_arguments_have_one_key_and_volatile_ones_do_not_count() -> None:
    rule = volatile(["t.id", "t/a/*/at"])
    one = rule.key("tool", "t", {"id": 1, "a": [{"at": 1, "b": 2}], "n": 1})
    other = rule.key("tool", "t", {"n": 1.0, "a": [{"b": 2.0, "at": 5}]})
    assert one == other
    assert one != rule.key("tool", "t", {"n": 1, "a": [{"b": 3}]})
    assert rule.key("tool", "u", {"id": 1}) != rule.key("tool", "u", {"id": 2})


@pytest.mark.parametrize("wrong", ["", "tool", ".x", "prompt:("])
def test_a_declaration_without_a_form_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError):
        volatile([wrong])


@pytest.mark.parametrize("wrong", ["x", "no_such_module:x", "json:nothing", "json:__name__", "json:dumps"])
def test_what_is_no_graph_is_refused_with_the_way_out(wrong: str) -> None:
    with pytest.raises(UsageError, match="module:name"):
        load(wrong)


def test_a_graph_is_loaded_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "graph_of_a_file.py"
    file.write_text(
        "from langgraph.graph import START, StateGraph\n"
        "def agent():\n"
        "    built = StateGraph(dict)\n"
        "    built.add_node('n', lambda state: state)\n"
        "    built.add_edge(START, 'n')\n"
        "    return built\n"
    )
    assert load(f"{file}:agent").nodes.keys() == {"__start__", "n"}
