import asyncio
import time

import pytest

from models.chat import ModelError, NotSentError, Reply, TransientModelError
from models.retry import Retry
from tests.models.scripted import PROMPT, SPENT, Scripted, broken, busy


def ask(chat: Retry) -> Reply:
    return asyncio.run(chat.reply(PROMPT))


def test_every_attempt_counts() -> None:
    chat = Scripted([busy(), busy()])
    reply = ask(Retry(chat, retries=2, first_wait=0.01))
    assert reply.usage == SPENT + SPENT + SPENT


def test_the_last_error_carries_what_all_attempts_spent() -> None:
    chat = Scripted([busy(), busy(), busy()])
    with pytest.raises(TransientModelError) as caught:
        ask(Retry(chat, retries=2, first_wait=0.01))
    assert caught.value.usage.model_calls == chat.asked == 3


def test_a_lasting_error_ends_it_at_once() -> None:
    chat = Scripted([busy(), broken()])
    with pytest.raises(ModelError, match="Broken") as caught:
        ask(Retry(chat, retries=5, first_wait=0.01))
    assert caught.value.usage.model_calls == chat.asked == 2


def test_no_retries_is_one_attempt() -> None:
    chat = Scripted([busy()])
    with pytest.raises(TransientModelError):
        ask(Retry(chat, retries=0))
    assert chat.asked == 1


def test_waits_double_with_half_left_to_chance() -> None:
    start = time.monotonic()
    ask(Retry(Scripted([busy(), busy(), busy()]), retries=3, first_wait=0.04))
    assert 0.14 <= time.monotonic() - start < 1


def test_waits_are_bounded() -> None:
    start = time.monotonic()
    ask(Retry(Scripted([busy(), busy()]), retries=2, first_wait=100, longest_wait=0.02))
    assert time.monotonic() - start < 1


def test_a_longer_wait_than_the_bound_is_an_error_that_says_so() -> None:
    chat = Scripted([busy(retry_after=31)])
    with pytest.raises(ModelError, match="asks to wait 31 s, and at most 30 s are waited") as caught:
        ask(Retry(chat, retries=2))
    assert not isinstance(caught.value, TransientModelError)
    assert caught.value.usage == SPENT


def test_a_cancelled_wait_ends_at_once() -> None:
    async def cancel() -> None:
        task = asyncio.create_task(Retry(Scripted([busy(retry_after=20)]), retries=1).reply(PROMPT))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_what_was_not_sent_is_not_asked_for_again() -> None:
    chat = Scripted([NotSentError("Full.", "Raise it.", retry_after=0.01)])
    with pytest.raises(NotSentError):
        ask(Retry(chat, retries=5))
    assert chat.asked == 1
