"""Messages in every form in which they are recorded."""

from typing import Any

import pytest

from evals.traces.messages import asked, langchain, openai, plain, role, text
from evals.traces.turns import paired

CALL = {"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}
FORMS: list[dict[str, Any]] = [
    {
        "role": "assistant",
        "content": "so",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
        ],
    },
    {"type": "ai", "content": "so", "tool_calls": [CALL]},
    {"type": "ai", "data": {"content": "so", "tool_calls": [CALL]}},
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {"content": "so", "tool_calls": [CALL], "type": "ai"},
    },
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessageChunk"],
        "kwargs": {"content": [{"type": "text", "text": "s"}, "o", {"type": "image"}], "tool_calls": [CALL]},
    },
]


@pytest.mark.parametrize("message", FORMS)
def test_every_form_says_the_same(message: dict[str, Any]) -> None:
    fields = plain(message)
    assert (role(fields), text(fields)) == ("ai", "so")
    assert [(call.tool, call.args, call.id) for call in asked(fields)] == [("add", {"a": 1}, "c1")]


@pytest.mark.parametrize("message", FORMS[:4])
def test_a_message_goes_to_the_other_form_and_back(message: dict[str, Any]) -> None:
    assert openai(langchain(message)) == FORMS[0]
    assert langchain(openai(message)) == {"type": "ai", "content": "so", "tool_calls": [CALL]}


def test_malformed_arguments_stay_as_they_were_written() -> None:
    function = {"name": "add", "arguments": '{"a": 1'}
    message = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": function}]}
    assert asked(message)[0].args == '{"a": 1'
    assert langchain(message)["invalid_tool_calls"][0]["args"] == '{"a": 1'
    assert openai(langchain(message))["tool_calls"][0]["function"] == function


@pytest.mark.parametrize(
    ("arguments", "args"),
    [("", ""), ("[1]", "[1]"), ("null", "null"), (None, {}), ([1], "[1]"), ({"a": 1}, {"a": 1}), ("{}", {})],
)
def test_arguments_are_an_object_or_a_text(arguments: object, args: object) -> None:
    found = asked({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]})
    assert [call.args for call in found] == [args]


@pytest.mark.parametrize("junk", [{}, {"role": 3}, {"content": 5}, {"tool_calls": [1, {"function": 2}, {}]}])
def test_junk_is_read_as_nothing(junk: dict[str, Any]) -> None:
    assert text(junk) == ""
    assert [call.tool for call in asked(junk)] == [""] * (len(junk.get("tool_calls", [1])) - 1)
    assert langchain(junk)["content"] in {"", 5}


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        (["a", "b"], ["b", "a"], [1, 0]),
        (["a", "a"], ["a", "a"], [0, 1]),
        (["a", "b"], ["x", "a"], [1, 0]),
        (["", ""], ["", ""], [0, 1]),
        (["a"], ["z"], [0]),
        (["a", "b"], ["b"], [None, 0]),
        (["a"], ["a", "a"], [0]),
        (["a"], [], [None]),
    ],
)
def test_results_are_paired_by_id_within_the_turn_and_else_by_place(
    wanted: list[str], given: list[str], expected: list[int | None]
) -> None:
    assert paired(wanted, given) == expected
