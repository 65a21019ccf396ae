import asyncio

import pytest

from models.chat import ModelError, TransientModelError
from models.fallback import Fallback
from tests.models.scripted import PROMPT, SPENT, Scripted, broken, busy


def test_a_fallback_answers_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    first, second, third = Scripted([broken()], "a"), Scripted(name="b"), Scripted(name="c")
    chat = Fallback((first, second, third))
    reply = asyncio.run(chat.reply(PROMPT))
    assert (reply.model, third.asked, chat.name) == ("b", 0, "a else b else c")
    assert reply.usage == SPENT + SPENT
    assert caplog.messages == ["Broken. Mend it. Asking b instead."]


def test_when_all_fail_each_reason_is_listed() -> None:
    chat = Fallback((Scripted([broken()], "a"), Scripted([busy()], "b")))
    with pytest.raises(
        ModelError, match=r"All 2 models failed: \[1\] Broken. Mend it. \[2\] Busy. Wait."
    ) as caught:
        asyncio.run(chat.reply(PROMPT))
    assert caught.value.usage == SPENT + SPENT
    assert not isinstance(caught.value, TransientModelError)
