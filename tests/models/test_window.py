from hypothesis import given
from hypothesis import strategies as st

from models.window import SECONDS, Window

ARRIVALS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=40)


@given(st.integers(5, 20), ARRIVALS)
def test_no_minute_holds_more_than_the_bound_and_none_waits_longer_than_it_must(
    bound: int, arrivals: list[tuple[int, int]]
) -> None:
    window, now, taken = Window(bound), 0.0, list[tuple[float, int]]()
    for gap, amount in arrivals:
        now += gap
        wait = window.wait(now, amount)
        inside = [(at, size) for at, size in taken if at + SECONDS > now]
        assert (wait == 0) == (sum(size for _, size in inside) + amount <= bound)
        if wait:
            just_before = now + wait - 1e-6
            held = sum(size for at, size in inside if at + SECONDS > just_before)
            assert held + amount > bound, "it would have fitted before"
        now += wait
        window.add(now, amount)
        taken.append((now, amount))
    for begin, _ in taken:
        assert sum(size for at, size in taken if begin <= at < begin + SECONDS) <= bound


def test_no_bound_never_waits_and_remembers_nothing() -> None:
    window = Window(None)
    entry = window.add(0, 10**9)
    window.correct(entry, 0, 10**10)
    assert window.wait(0, 10**9) == 0


def test_what_was_not_used_is_free_again() -> None:
    window = Window(10)
    entry = window.add(0, 10)
    window.correct(entry, 1, 4)
    assert window.wait(1, 6) == 0
    assert window.wait(1, 7) == 59


def test_what_was_used_beyond_the_estimate_counts_from_when_it_is_known() -> None:
    window = Window(10)
    entry = window.add(0, 4)
    window.correct(entry, 50, 10)
    assert window.wait(50, 1) == 10  # the estimate leaves the window
    assert window.wait(60, 5) == 50  # the rest is in it


def test_a_correction_after_the_minute_changes_nothing() -> None:
    window = Window(10)
    entry = window.add(0, 10)
    window.add(61, 10)
    window.correct(entry, 62, 0)
    assert window.wait(62, 1) == 59
