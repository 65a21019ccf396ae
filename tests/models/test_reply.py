import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk

from models.reply import MAX_DEPTH, read, written
from state.schema import violations

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["text"],
}
VALUE = {"text": "ok", "count": 3}
JSON = json.dumps(VALUE)
ANYTHING: dict[str, Any] = {}


@pytest.mark.parametrize(
    "reply",
    [
        JSON,
        f"\n\n  {JSON}\n",
        f"\ufeff{JSON}",
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```",
        f"Here you are:\n```json\n{JSON}\n```\nI hope this helps.",
        f"The answer is {JSON}, as far as I can see.",
        f"As the sources [1] and [2] say, in the set {{x}}: {JSON}",
        f'An empty one would be {{"count": 0}}, but: {JSON}',
        f"<think>Is it {{}} or {JSON}?</think>\n{JSON}",
        AIMessage(JSON),
        AIMessage([{"type": "text", "text": JSON}]),
        AIMessage("", tool_calls=[{"name": "answer", "args": VALUE, "id": "1"}]),
        AIMessageChunk("", tool_call_chunks=[{"name": "answer", "args": JSON, "id": "1", "index": 0}]),
    ],
)
def test_the_value_is_unwrapped(reply: str | AIMessage) -> None:
    assert read(reply, SCHEMA) == (VALUE, ())


def call(args: str) -> AIMessageChunk:
    return AIMessageChunk("", tool_call_chunks=[{"name": "answer", "args": args, "id": "1", "index": 0}])


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("I am sorry, I cannot do that.", "not JSON: 'I am sorry"),
        ("", "empty"),
        (" \n\t ", "empty"),
        ("<think>hm</think>", "empty"),
        (JSON[:-4], "cut off"),
        (f"```json\n{JSON[:-4]}", "cut off"),
        ('{"text": "o', "cut off"),
        ('{"text": tr', "cut off"),
        ('{"text": "ok",}', "malformed at character"),
        ("{'text': 'ok'}", "not JSON"),
        ('{"steps": [{"text": "inner"}, oops]}', "malformed"),
        ('Well: {"steps": [{"text": "inner"}, ', "cut off"),
        (f"{JSON}\n{JSON}", "2 JSON values"),
        ("{} " * 20, "20 JSON values"),
        ('{"text": "a", "text": "b"}', "the key 'text' twice"),
        ('{"text": "ok", "count": NaN}', "NaN is not JSON"),
        ('{"text": "ok", "count": -Infinity}', "-Infinity is not JSON"),
        ('{"text": "ok", "count": 1e999}', "out of range"),
        (f'{{"text": "ok", "count": {"9" * 5_000}}}', "out of range"),
        ("[" * 100_000, "nested deeper"),
        ("[" * 150 + "]" * 150, f"nested deeper than {MAX_DEPTH}"),
        ('{"text": "\\ud800"}', "surrogate"),
        ('{"text": "\ud800"}', "surrogate"),
        (AIMessage("", additional_kwargs={"refusal": "I won't."}), 'refused: "I won\'t."'),
        (AIMessage([{"type": "refusal", "refusal": "No."}]), "refused: 'No.'"),
        (AIMessage(JSON, response_metadata={"finish_reason": "length"}), "limit of output tokens"),
        (AIMessage("", response_metadata={"finish_reason": "content_filter"}), "content filter"),
        (call(JSON[:-4]), "cut off"),
        (call(""), "empty"),
        (call('{"a": bad}'), "malformed"),
        (
            AIMessage("", invalid_tool_calls=[{"name": "a", "args": '{"a": bad}', "id": "1", "error": None}]),
            "malformed",
        ),
        (
            AIMessage("", tool_calls=[{"name": "a", "args": VALUE, "id": i} for i in "12"]),
            "2 tool calls where one",
        ),
        (AIMessage(""), "empty"),
    ],
)
def test_what_cannot_be_read_is_a_violation_that_says_why(reply: str | AIMessage, said: str) -> None:
    value, found = read(reply, ANYTHING)
    assert value is None
    assert len(found) == 1
    assert said in found[0].message


def test_a_value_of_the_wrong_type_comes_with_its_violations() -> None:
    value, found = read('[1]: {"text": 3, "count": "many"}', SCHEMA)
    assert value == {"text": 3, "count": "many"}
    assert [violation.path for violation in found] == ["/count", "/text"]


def test_scalars_are_values() -> None:
    assert read("```json\n42\n```", {"type": "integer"}) == (42, ())
    assert read('"text"', {"type": "integer"}).violations


def test_what_was_written_is_kept() -> None:
    assert written(call("{bad")) == "{bad"
    assert written(AIMessage("text")) == "text"
    assert written(AIMessage("", additional_kwargs={"refusal": "no"})) == "no"


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 1_000_000,
        "{ " * 500_000,
        '{"a":' * 200_000,
        "[1] " * 250_000,
        "`" * 1_000_000,
        "<think>" * 150_000,
    ],
)
def test_hostile_megabytes_are_read_in_bounded_time(hostile: str) -> None:
    start = time.process_time()
    assert read(hostile, SCHEMA).violations
    assert time.process_time() - start < 2


def test_duplicates_among_many_keys_are_found_in_bounded_time() -> None:
    keys = ",".join(f'"{number}":0' for number in [*range(100_000), 99_999])
    assert "the key '99999' twice" in read(f"{{{keys}}}", SCHEMA).violations[0].message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
schemas = st.sampled_from(
    [
        ANYTHING,
        SCHEMA,
        {"type": "array"},
        {"type": "number", "multipleOf": 0.01},
        {"type": "string", "format": "date"},
        {"type": "array", "uniqueItems": True},
    ]
)
wrappers = st.sampled_from(["{}", "```json\n{}\n```", "Well: {}", "{} indeed", "<think>x</think>{}", "{}{}"])


@given(st.text(st.characters()), schemas)
def test_read_never_raises_and_no_violations_mean_a_valid_value(text: str, schema: dict[str, Any]) -> None:
    value, found = read(text, schema)
    assert found or not violations(schema, value)


@given(json_values, wrappers, st.integers(0, 200), schemas)
def test_read_of_mangled_json_never_raises(
    value: Any, wrapper: str, cut: int, schema: dict[str, Any]
) -> None:
    text = wrapper.replace("{}", json.dumps(value))
    for reply in (text, text[:cut], AIMessage(text), call(text[:cut])):
        got, found = read(reply, schema)
        assert found or not violations(schema, got)
        assert found or json.dumps(got, allow_nan=False).encode()


@given(json_values)
def test_a_read_value_is_the_written_one(value: Any) -> None:
    text = json.dumps(value)
    got, found = read(text, ANYTHING)
    assert found or json.dumps(got) == text
