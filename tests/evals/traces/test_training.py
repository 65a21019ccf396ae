"""Training data in the shapes that TRL documents."""

from typing import Any

import pytest
from hypothesis import given, settings

from evals.traces.trl import UnfitError, compared, prompt_of, trained
from tests.evals.traces.talk import openai_call, openai_messages

USER = {"role": "user", "content": "Refund it."}
CALL = {"role": "assistant", "content": None, "tool_calls": [openai_call("refund", '{"id": 1}')]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "ok"}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


@settings(max_examples=60)
@given(openai_messages())
def test_what_is_trained_on_has_the_documented_shape(messages: list[dict[str, Any]]) -> None:
    try:
        found = trained(messages)
    except UnfitError as error:
        assert str(error)
        return
    assert found[-1]["role"] == "assistant"
    for message in found:
        assert message.keys() <= {"role", "content", "name", "tool_calls"}
        assert message["role"] in {"system", "user", "assistant", "tool"}
        assert isinstance(message["content"], str)
        for call in message.get("tool_calls", ()):
            assert call["type"] == "function"
            assert isinstance(call["function"]["arguments"], dict)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([USER], "nothing said"),
        ([USER, {"role": "judge", "content": "x"}, said("a")], "a message by judge"),
        ([{**USER, "content": [{"type": "image_url"}]}, said("a")], "no text"),
        ([USER, {**CALL, "tool_calls": [openai_call("f", "{")]}, RESULT], "malformed arguments"),
        ([USER, CALL, USER, said("a")], "calls without results"),
        ([USER, RESULT, said("a")], "results without calls"),
    ],
)
def test_what_cannot_be_trained_on_says_why(messages: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        trained(messages)


def test_two_traces_are_compared_where_the_assistant_first_differs() -> None:
    shared = [USER, said("Sure?"), {"role": "user", "content": "yes"}]
    better = [*shared, CALL, RESULT, said("Done."), USER, said("Again.")]
    worse = [*shared, said("No."), USER, said("No!")]
    found = compared(trained(better), trained(worse))
    assert found is not None
    assert found["prompt"] == shared
    assert [one["role"] for one in found["chosen"]] == ["assistant", "tool", "assistant"]
    assert found["rejected"] == [said("No.")]
    assert prompt_of(trained(better)) == [USER]


def test_results_that_differ_go_back_to_the_turn_that_called() -> None:
    other = {**RESULT, "content": "failed"}
    found = compared(trained([USER, CALL, RESULT, said("a")]), trained([USER, CALL, other, said("b")]))
    assert found is not None
    assert found["prompt"] == [USER]
    assert [len(found[side]) for side in ("chosen", "rejected")] == [3, 3]


def test_there_is_nothing_to_compare_where_the_user_differs() -> None:
    one = [USER, said("a"), {"role": "user", "content": "x"}, said("b")]
    other = [USER, said("a"), {"role": "user", "content": "y"}, said("c")]
    assert compared(trained(one), trained(other)) is None
