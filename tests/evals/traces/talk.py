"""Conversations for the tests: real ones in small, and any that hypothesis thinks of."""

import json
from typing import Any

from hypothesis import strategies as st

ASKED = "Please refund order WR-1042 to jane@mail.example."


def openai_call(name: str, arguments: str, id: str = "c1") -> dict[str, Any]:  # noqa: A002  OpenAI's name
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


REFUND: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a clerk."},
    {"role": "user", "content": ASKED},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            openai_call("order_status", '{"order_id": "WR-1042"}'),
            openai_call("customer", '{"name": "Jane"'),
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "name": "order_status", "content": '{"status": "delivered"}'},
    {"role": "tool", "tool_call_id": "c1", "name": "customer", "content": "Error: no JSON"},
    {"role": "assistant", "content": "Shall I refund it?"},
    {"role": "user", "content": "yes"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [openai_call("refund", '{"order_id": "WR-1042", "amount": 18.3}')],
    },
    {"role": "tool", "tool_call_id": "c1", "name": "refund", "content": "done"},
    {"role": "assistant", "content": "Done. ☕"},
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
UNKNOWN = st.dictionaries(st.sampled_from(["x_trace", "refusal", "weight"]), JSON, max_size=2)
IDS = st.sampled_from(["c1", "c2", ""])
CONTENT = st.none() | st.text() | st.lists(st.builds(lambda said: {"type": "text", "text": said}, st.text()))
ARGUMENTS = OBJECTS.map(json.dumps) | st.text()


def _message(speaker: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    known = st.fixed_dictionaries({"role": st.just(speaker), "content": CONTENT, **fields})
    return st.builds(lambda extra, message: {**extra, **message}, UNKNOWN, known)


def openai_messages() -> st.SearchStrategy[list[dict[str, Any]]]:
    calls = st.lists(st.builds(openai_call, st.sampled_from(["f", "g"]), ARGUMENTS, IDS), max_size=3)
    said = st.one_of(
        _message("user"),
        _message("system"),
        _message("assistant"),
        _message("assistant", tool_calls=calls),
        _message("tool", tool_call_id=IDS),
    )
    return st.lists(said, min_size=1, max_size=8)


def langchain_messages() -> st.SearchStrategy[list[dict[str, Any]]]:
    call = st.fixed_dictionaries({"name": st.just("f"), "args": OBJECTS, "id": IDS | st.none()})
    wrong = st.fixed_dictionaries({"name": st.just("g"), "args": st.text(), "id": IDS, "error": st.none()})

    def message(speaker: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        known = st.fixed_dictionaries({"type": st.just(speaker), "content": CONTENT, **fields})
        return st.builds(lambda extra, found: {**extra, **found}, UNKNOWN, known)

    said = st.one_of(
        message("human"),
        message(
            "ai",
            tool_calls=st.lists(call, max_size=2),
            invalid_tool_calls=st.lists(wrong, max_size=2),
            usage_metadata=st.none() | st.just({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}),
        ),
        message("tool", tool_call_id=IDS, status=st.sampled_from(["success", "error"])),
    )
    wrapped = said.map(lambda one: {"type": one["type"], "data": one})
    return st.lists(said | wrapped, min_size=1, max_size=8)
