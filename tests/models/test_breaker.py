import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.breaker import Breaker, Breaking, OpenCircuitError, is_outage
from models.chat import ModelError, NotSentError
from tests.models.scripted import PROMPT, Scripted, broken, busy


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("it", failures=3, cooldown=30, clock=clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(OSError, match="down"), breaker.attempt():
            raise OSError("down")


def succeed(breaker: Breaker) -> None:
    with breaker.attempt():
        pass


def test_it_opens_after_so_many_failures_in_a_row_and_says_when_it_is_tried_again(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 2)
    succeed(breaker)
    fail(breaker, 3)
    clock.now = 12
    with pytest.raises(
        OpenCircuitError, match=r"it failed 3 times in a row .* down It is tried again in 18\.0 s"
    ):
        succeed(breaker)
    with pytest.raises(OpenCircuitError):
        breaker.check()
    assert breaker.state == "open"


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 30
    assert breaker.state == "half-open"
    succeed(breaker)
    assert breaker.state == "closed"
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_a_probe_that_fails_opens_it_for_another_cooldown(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 30
    fail(breaker)
    clock.now = 59
    with pytest.raises(OpenCircuitError):
        succeed(breaker)
    clock.now = 60
    succeed(breaker)


def test_one_probe_at_a_time(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 30
    with breaker.attempt(), pytest.raises(OpenCircuitError), breaker.attempt():
        pass
    assert breaker.state == "closed"


def test_a_cancelled_probe_lets_the_next_one_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 30
    with pytest.raises(asyncio.CancelledError), breaker.attempt():
        raise asyncio.CancelledError
    assert breaker.state == "half-open"
    succeed(breaker)


def test_what_began_before_it_opened_says_nothing_about_now(breaker: Breaker, clock: Clock) -> None:
    with breaker.attempt():
        fail(breaker, 3)
    assert breaker.state == "open"


@given(st.lists(st.sampled_from(["fail", "succeed", "cancel", "tick"]), max_size=60))
def test_as_a_model_of_three_states_says(steps: list[str]) -> None:
    clock = Clock()
    breaker = Breaker("it", failures=3, cooldown=10, clock=clock)
    row, opened = 0, None
    for step in steps:
        if step == "tick":
            clock.now += 4
            continue
        shut = opened is not None and clock.now < opened + 10
        passed = False
        try:
            with breaker.attempt():
                passed = True
                if step != "succeed":
                    raise OSError if step == "fail" else asyncio.CancelledError
        except (OSError, asyncio.CancelledError, OpenCircuitError):
            pass
        assert passed != shut
        if passed and step == "succeed":
            row, opened = 0, None
        elif passed and step == "fail":
            row += 1
            opened = clock.now if row >= 3 else None


def test_many_threads_let_one_probe_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 30
    begin, end = threading.Barrier(8), threading.Barrier(8)
    passed = list[int]()

    def attempt(number: int) -> None:
        begin.wait(10)
        try:
            with breaker.attempt():
                passed.append(number)
                end.wait(10)
        except OpenCircuitError:
            end.wait(10)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 1


def asked(chat: Breaking) -> type[Exception] | None:
    try:
        asyncio.run(chat.reply(PROMPT))
    except ModelError as error:
        return type(error)
    return None


def test_a_model_whose_provider_is_down_is_not_asked(clock: Clock) -> None:
    leaf = Scripted([busy(), busy()])
    chat = Breaking(leaf, Breaker("openai", 2, 30, is_outage, clock))
    assert [asked(chat) for _ in range(4)].count(NotSentError) == leaf.asked == 2
    with pytest.raises(
        NotSentError, match=r"openai failed 2 times in a row .* tried again in 30\.0 s"
    ) as caught:
        chat.check()
    assert (caught.value.retry_after, caught.value.usage.model_calls) == (30, 0)
    clock.now = 30
    assert asked(chat) is None


@pytest.mark.parametrize("error", [busy(retry_after=1), broken()])
def test_a_provider_that_answers_is_not_down(error: ModelError, clock: Clock) -> None:
    leaf = Scripted([busy(), error, busy(), error])
    breaker = Breaker("openai", 2, 30, is_outage, clock)
    for _ in range(4):
        asked(Breaking(leaf, breaker))
    assert breaker.state == "closed"
