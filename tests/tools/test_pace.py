"""Pace: never more calls in any minute than allowed, and as many as that."""

from hypothesis import given
from hypothesis import strategies as st

from tools.pace import MINUTE, Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(1, 4)), max_size=40))
def test_no_minute_has_more_calls_than_allowed(tries: list[tuple[float, int]]) -> None:
    clock = Clock()
    pace, made = Pace(clock), list[float]()
    for passed, allowed in tries:
        clock.now += passed
        recent = [at for at in made if at > clock.now - MINUTE]
        wait = pace.wait(allowed)
        assert (wait == 0.0) is (len(recent) < allowed)
        if wait == 0.0:
            made.append(clock.now)
        else:
            free = sorted(recent)[len(recent) - allowed] + MINUTE
            assert abs(clock.now + wait - free) < 1e-6


def test_after_the_wait_that_it_says_a_call_may_be_made() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert [pace.wait(2), pace.wait(2)] == [0.0, 0.0]
    clock.now = 10.0
    assert pace.wait(2) == 50.0
    clock.now = 60.0
    assert pace.wait(2) == 0.0
