"""Every order that a recording allows is accepted, and no other."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from evals.replay.order import Order, Slot
from evals.replay.recording import Place

NOWHERE = Place(None, (), "")


@st.composite
def recordings(draw: st.DrawFn) -> list[Slot]:
    size = draw(st.integers(1, 5))
    edges = [draw(st.integers(0, (1 << nth) - 1)) for nth in range(size)]
    for nth, before in enumerate(edges):  # a partial order is transitive
        edges[nth] |= sum({edges[i] for i in range(nth) if before >> i & 1} and _union(edges, before))
    names = draw(st.lists(st.sampled_from("ab"), min_size=size, max_size=size))
    return [Slot(("tool", name, ""), NOWHERE, before) for name, before in zip(names, edges, strict=True)]


def _union(edges: list[int], before: int) -> tuple[int]:
    found = 0
    for nth, one in enumerate(edges):
        if before >> nth & 1:
            found |= one
    return (found & ~before,)


@given(recordings())
def test_exactly_the_orders_that_respect_the_recording_are_taken(slots: list[Slot]) -> None:
    allowed = {
        tuple(slots[nth].key for nth in order)
        for order in permutations(range(len(slots)))
        if all(not slots[nth].before & ~sum(1 << i for i in order[:at]) for at, nth in enumerate(order))
    }
    for keys in {tuple(slots[nth].key for nth in order) for order in permutations(range(len(slots)))}:
        order = Order(slots)
        taken = all(order.take(key, NOWHERE) for key in keys)
        assert taken == (keys in allowed)
        assert (order.left() == []) == taken


def test_calls_of_one_task_are_not_matched_to_two() -> None:
    first, second = (Place(1, ("n",), str(nth), f"n:{nth}") for nth in (1, 2))
    a, b = ("tool", "a", ""), ("tool", "b", "")
    slots = [Slot(a, first, 0), Slot(b, first, 1), Slot(b, second, 0), Slot(a, second, 4)]
    new = [Place(1, ("n",), str(nth), f"n:new{nth}") for nth in (1, 2)]
    crossed, straight = Order(slots), Order(slots)
    assert all(straight.take(key, new[at]) for key, at in ((a, 1), (b, 0), (b, 1), (a, 0)))
    assert not all(crossed.take(key, new[at]) for key, at in ((a, 0), (b, 0), (a, 1), (b, 1)))
