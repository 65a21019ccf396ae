import asyncio
from typing import Any

import pytest

from models.chat import ModelError
from nodes.rewording import Rewording
from state.policy import Limits
from state.usage import Usage
from tests.fakes import ScriptedChat

TASK: Any = {"terms": {"model": "scripted"}, "usage": Usage().model_dump(), "share": 1}


def rewording(chat: ScriptedChat, count: int = 2, **limits: Any) -> Rewording:
    return Rewording(lambda _: chat, Limits(**limits), "reword", count)


def test_other_wordings_come_without_repetition_and_are_paid_for() -> None:
    chat = ScriptedChat({"reword": [{"queries": ["a bill ", "a bill"]}]})
    wordings, update = asyncio.run(rewording(chat)("an invoice", TASK))
    assert wordings == ("a bill",)
    assert update["usage"]["model_calls"] == 1
    assert chat.sections("reword") == [{"task": "reword", "query": "an invoice"}]


def test_without_a_number_or_a_query_nothing_is_asked() -> None:
    chat = ScriptedChat({})
    assert asyncio.run(rewording(chat, count=0)("an invoice", TASK)) == ((), {})
    assert asyncio.run(rewording(chat)(None, TASK)) == ((), {})


@pytest.mark.parametrize(
    "reply",
    [{"queries": ["a", "b", "c"]}, {"queries": []}, "no", {"queries": ["  "]}, ModelError("down", "")],
)
def test_a_model_that_gives_none_stops_no_search(reply: Any) -> None:
    chat = ScriptedChat({"reword": [reply]})
    wordings, update = asyncio.run(rewording(chat)("an invoice", TASK))
    assert wordings == ()
    assert "ending" not in update


def test_a_spent_budget_asks_nothing() -> None:
    chat = ScriptedChat({})
    spent = {**TASK, "usage": Usage(model_calls=5).model_dump()}
    wordings, update = asyncio.run(rewording(chat, model_calls=5)("an invoice", spent))
    assert wordings == ()
    assert update["usage"]["model_calls"] == 0
