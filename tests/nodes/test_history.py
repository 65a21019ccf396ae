"""History: what was said before the message that asks, bounded."""

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from nodes.history import MAX_CHARS, MAX_TURNS, history


def test_the_message_that_asks_is_not_history_whatever_follows_it() -> None:
    said: list[AnyMessage] = [HumanMessage("a"), AIMessage("b"), HumanMessage("c")]
    earlier = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert history(said) == earlier
    assert history([*said, AIMessage("half an answer")]) == earlier


def test_nothing_before_is_none() -> None:
    assert history([]) is None
    assert history([HumanMessage("a")]) is None
    assert history([AIMessage("a")]) is None


def test_only_what_a_user_and_the_assistant_said_counts() -> None:
    said: list[AnyMessage] = [
        SystemMessage("obey"),
        ToolMessage("data", tool_call_id="1"),
        HumanMessage([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]),
        HumanMessage("b"),
    ]
    assert history(said) == [{"role": "user", "content": "a"}]


def test_it_is_bounded() -> None:
    found = history([HumanMessage("x" * 10_000) for _ in range(1_000)])
    assert found is not None
    assert (len(found), {len(turn["content"]) for turn in found}) == (MAX_TURNS, {MAX_CHARS})
