"""The limiter, in virtual time and in several event loops."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chat import ModelError, NotSentError
from models.limiter import LONGEST_PAUSE, Limiter, Ticket
from state.models_policy import ProviderLimits
from state.usage import Usage
from tests.models.virtual import now, run


def limiter(**limits: Any) -> Limiter:
    """One whose clock is that of the loop it is made in."""
    loop = asyncio.get_running_loop()
    return Limiter("it", ProviderLimits(**limits), loop.time)


async def request(
    gate: Limiter, seconds: float = 0, tokens: int = 0, used: int = 0, pause: float | None = None
) -> float:
    """Wait for a turn, work for so long; when the turn came."""
    ticket = gate.enter(tokens)
    spent = Usage(model_calls=1, input_tokens=tokens)
    try:
        if not ticket.admitted:
            await gate.wait(ticket)
        begun = now()
        await asyncio.sleep(seconds)
        spent = Usage(model_calls=1, input_tokens=used)
        return begun
    finally:
        gate.leave(ticket, spent, pause)


@dataclass(frozen=True)
class Arrival:
    gap: int
    seconds: int
    cancelled_after: int | None


@dataclass
class Log:
    """What happened, in its order."""

    admitted: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    running: int = 0
    most: int = 0
    refused: set[int] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)


ARRIVALS = st.lists(
    st.builds(Arrival, st.integers(0, 20), st.integers(0, 30), st.none() | st.integers(0, 40)),
    max_size=25,
)


async def simulate(limits: ProviderLimits, arrivals: list[Arrival]) -> tuple[Log, Limiter]:
    loop, log = asyncio.get_running_loop(), Log()
    gate = Limiter("it", limits, loop.time)

    async def one(number: int, arrival: Arrival) -> None:
        came = now()
        try:
            ticket = gate.enter(0)
        except NotSentError:
            log.refused.add(number)
            return
        assert gate.waiting <= limits.queue
        try:
            if not ticket.admitted:
                await gate.wait(ticket)
            log.admitted.append(number)
            log.at.append(now())
            log.waits.append(now() - came)
            log.running += 1
            log.most = max(log.most, log.running)
            try:
                await asyncio.sleep(arrival.seconds)
            finally:
                log.running -= 1
        except NotSentError:
            log.refused.add(number)
        finally:
            gate.leave(ticket, Usage(model_calls=1))

    tasks = []
    for number, arrival in enumerate(arrivals):
        await asyncio.sleep(arrival.gap)
        tasks.append(asyncio.create_task(one(number, arrival)))
        if arrival.cancelled_after is not None:
            loop.call_later(arrival.cancelled_after, tasks[-1].cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    return log, gate


@settings(deadline=None)
@given(
    st.builds(
        ProviderLimits,
        requests_per_minute=st.none() | st.integers(1, 5),
        concurrency=st.none() | st.integers(1, 3),
        queue=st.integers(0, 6),
        queue_seconds=st.sampled_from([5.0, 60.0, 600.0]),
    ),
    ARRIVALS,
)
def test_limits_hold_turns_come_in_order_and_nothing_is_left_behind(
    limits: ProviderLimits, arrivals: list[Arrival]
) -> None:
    log, gate = run(simulate(limits, arrivals))
    assert log.admitted == sorted(log.admitted), "first come, first served"
    assert log.most <= (limits.concurrency or len(arrivals))
    for begin in log.at:
        assert sum(begin <= at < begin + 60 for at in log.at) <= (limits.requests_per_minute or len(arrivals))
    assert all(wait <= limits.queue_seconds for wait in log.waits)
    assert (gate.waiting, gate._running) == (0, 0)
    uncancelled = {number for number, each in enumerate(arrivals) if each.cancelled_after is None}
    assert uncancelled <= {*log.admitted, *log.refused}, "each gets a turn or is told"


def test_a_request_too_many_waits_for_the_minute_to_pass() -> None:
    async def main() -> list[float]:
        gate = limiter(requests_per_minute=2, queue_seconds=90)
        return await asyncio.gather(*(request(gate) for _ in range(4)))

    assert run(main()) == [0, 0, 60, 60]


def test_tokens_are_estimated_before_and_corrected_after() -> None:
    async def main() -> list[float]:
        gate = limiter(tokens_per_minute=100)
        first = await request(gate, tokens=90, used=10)  # 80 are free again
        second = await request(gate, tokens=80, used=95)  # 15 more than estimated
        third = await request(gate, tokens=10)
        return [first, second, third]

    assert run(main()) == [0, 0, 60]


def test_a_request_of_more_tokens_than_a_minute_has_is_refused_with_the_way_out() -> None:
    async def main() -> None:
        await request(limiter(tokens_per_minute=100), tokens=101)

    with pytest.raises(
        ModelError, match=r'Raise models\.limits\."it"\.tokens_per_minute in policy\.toml'
    ) as caught:
        run(main())
    assert not isinstance(caught.value, NotSentError)


def test_retry_after_holds_for_all_that_wait_and_for_all_that_come() -> None:
    async def main() -> list[float]:
        gate = limiter(concurrency=1)
        limited = asyncio.create_task(request(gate, seconds=2, pause=10))
        waiting = [asyncio.create_task(request(gate)) for _ in range(3)]
        await asyncio.sleep(5)
        return [await limited, *await asyncio.gather(*waiting), await request(gate)]

    assert run(main()) == [0, 12, 12, 12, 12]


def test_those_who_cannot_wait_as_long_as_the_provider_asks_are_told_at_once() -> None:
    async def main() -> tuple[list[Any], float]:
        gate = limiter(concurrency=1, queue_seconds=30)
        limited = asyncio.create_task(request(gate, seconds=2, pause=40))
        told = await asyncio.gather(*(request(gate) for _ in range(3)), return_exceptions=True)
        await limited
        return told, now()

    told, at = run(main())
    assert at == 2
    assert {str(error) for error in told} == {
        "it was not asked: it lets no more through for 40.0 s. "
        'Raise models.limits."it".queue_seconds (now 30) or name a fallback (models.fallback) in policy.toml.'
    }
    assert {error.retry_after for error in told} == {40}


def test_a_pause_that_cannot_be_meant_is_bounded() -> None:
    async def main() -> float:
        gate = limiter(queue_seconds=LONGEST_PAUSE)
        await request(gate, pause=1e9)
        return await request(gate)

    assert run(main()) == LONGEST_PAUSE


def test_a_full_queue_refuses_at_once_with_the_way_out() -> None:
    async def main() -> list[Any]:
        gate = limiter(concurrency=1, queue=2)
        return await asyncio.gather(*(request(gate, seconds=1) for _ in range(5)), return_exceptions=True)

    first, second, third, *rest = run(main())
    assert (first, second, third) == (0, 1, 2)
    assert [type(error) for error in rest] == [NotSentError, NotSentError]
    assert str(rest[0]).startswith(
        'it was not asked: 2 requests wait for it already. Raise models.limits."it".queue'
    )


def test_a_wait_for_a_place_ends_in_time() -> None:
    async def main() -> float:
        gate = limiter(concurrency=1, queue_seconds=7)
        holder = asyncio.create_task(request(gate, seconds=1000))
        await asyncio.sleep(0)
        with pytest.raises(NotSentError, match="no turn came in time"):
            await request(gate)
        holder.cancel()
        return now()

    assert run(main()) == 7


def test_a_cancelled_request_frees_its_place_in_the_queue_and_under_way() -> None:
    async def main() -> list[float]:
        gate = limiter(concurrency=1, queue=2, queue_seconds=1000)
        tasks = [asyncio.create_task(request(gate, seconds=100)) for _ in range(3)]
        await asyncio.sleep(1)
        tasks[1].cancel()
        await asyncio.sleep(0)
        late = asyncio.create_task(request(gate))  # takes the place of the one that left
        await asyncio.sleep(1)
        tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[0]
        return [await tasks[2], await late]

    assert run(main()) == [2, 102]


def test_one_that_is_cancelled_as_its_turn_comes_hands_it_on() -> None:
    async def main() -> float:
        gate = limiter(concurrency=1)
        holder = asyncio.create_task(request(gate, seconds=5))
        next_one, last = (asyncio.create_task(request(gate)) for _ in range(2))
        await holder
        next_one.cancel()
        return await last

    assert run(main()) == 5


def test_event_loops_one_after_another_share_the_limits() -> None:
    seconds = [0.0]
    gate = Limiter("it", ProviderLimits(requests_per_minute=2, queue_seconds=10), lambda: seconds[0])

    def ask() -> float:
        return asyncio.run(request(gate))

    ask(), ask()
    with pytest.raises(NotSentError, match=r"lets no more through for 60\.0 s"):
        ask()
    seconds[0] = 60
    ask()


def test_event_loops_side_by_side_share_the_limits() -> None:
    gate, lock = Limiter("it", ProviderLimits(concurrency=2)), threading.Lock()
    running, most, done = 0, 0, 0

    async def one() -> None:
        nonlocal running, most, done
        ticket = gate.enter(0)
        try:
            if not ticket.admitted:
                await gate.wait(ticket)
            with lock:
                running += 1
                most = max(most, running)
            await asyncio.sleep(0.001)
            with lock:
                running -= 1
                done += 1
        finally:
            gate.leave(ticket, Usage(model_calls=1))

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    threads = [threading.Thread(target=asyncio.run, args=(all_of_them(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (done, running, gate.waiting) == (80, 0, 0)
    assert most <= 2


def test_a_loop_that_was_closed_over_its_requests_holds_nobody_up() -> None:
    gate = Limiter("it", ProviderLimits(concurrency=1))

    async def enter() -> Ticket:
        return gate.enter(0)

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(enter())
        loop.close()

    async def main() -> None:
        holder = gate.enter(0)
        await asyncio.to_thread(abandon)
        late = asyncio.create_task(request(gate))
        await asyncio.sleep(0)
        gate.leave(holder, Usage(model_calls=1))
        async with asyncio.timeout(10):
            await late

    asyncio.run(main())
