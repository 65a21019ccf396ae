import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import ExpectedCall
from evals.scorers.assignment import Order, assign
from evals.scorers.matching import Wanted, match
from evals.trajectory import Call
from state.errors import UsageError

values = st.integers(0, 1)
expected_values = values | st.just({"$one_of": [0, 1]}) | st.just({"$ignore": True})


@st.composite
def orders(draw: st.DrawFn, most: int = 5) -> tuple[ExpectedCall, ...]:
    """Expected calls; each may come after any of those drawn before it."""
    size = draw(st.integers(0, most))
    after = [draw(st.sets(st.integers(0, at - 1), max_size=2)) if at else set() for at in range(size)]
    return tuple(
        ExpectedCall(
            id=f"c{at}",
            tool=draw(st.sampled_from("fg")),
            args={"x": draw(expected_values)},
            after=tuple(f"c{other}" for other in after[at]),
            optional=draw(st.booleans()),
        )
        for at in range(size)
    )


calls = st.lists(
    st.builds(lambda tool, x, wait: (tool, x, wait), st.sampled_from("fgh"), values, st.booleans()),
    max_size=5,
)


def made(steps: list[tuple[str, int, bool]]) -> list[Call]:
    turns = itertools.accumulate(int(wait) for _, _, wait in steps)
    return [Call(tool, {"x": x}, turn=turn) for (tool, x, _), turn in zip(steps, turns, strict=True)]


def every(wanted: Wanted, actual: list[Call]) -> Iterator[dict[int, int]]:
    """Every assignment that the order allows, by trying them all."""
    choices = [None, *range(len(actual))]
    for picked in itertools.product(choices, repeat=len(wanted.calls)):
        pairs = {expected: at for expected, at in enumerate(picked) if at is not None}
        if len(set(pairs.values())) == len(pairs) and all(
            actual[at].tool == wanted.calls[expected].tool
            and wanted.arguments(expected).mismatch(actual[at].args) is None
            and all(
                actual[pairs[earlier]].turn < actual[at].turn
                for earlier in (wanted.before[expected] if wanted.before else ())
                if earlier in pairs
            )
            for expected, at in pairs.items()
        ):
            yield pairs


def worth(wanted: Wanted, counted: list[bool], pairs: dict[int, int]) -> tuple[int, int, int]:
    required = sum(not wanted.calls[expected].optional for expected in pairs)
    return required, sum(counted[at] for at in pairs.values()), len(pairs)


@given(orders(), calls, st.randoms(use_true_random=False))
def test_as_good_as_trying_everything(
    expected: tuple[ExpectedCall, ...], steps: list[Any], chance: random.Random
) -> None:
    wanted, actual = Wanted(expected), made(steps)
    counted = [chance.random() < 0.7 for _ in actual]
    found = match(wanted, actual, counted)
    possible = list(every(wanted, actual))
    assert found.exact
    assert found.matched in possible
    assert worth(wanted, counted, found.matched) == max(worth(wanted, counted, pairs) for pairs in possible)


@given(orders(), calls, st.randoms(use_true_random=False))
def test_the_order_of_the_list_of_expected_calls_does_not_matter(
    expected: tuple[ExpectedCall, ...], steps: list[Any], chance: random.Random
) -> None:
    actual = made(steps)
    counted = [True] * len(actual)
    one, other = Wanted(expected), Wanted(tuple(chance.sample(expected, len(expected))))
    assert worth(one, counted, match(one, actual, counted).matched) == worth(
        other, counted, match(other, actual, counted).matched
    )


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=12), st.integers(0, 1000))
def test_the_programme_is_as_good_as_scipy(rows: list[list[int]], seed: int) -> None:
    """One more call, after all others, keeps them from scipy and changes nothing else."""
    chance = random.Random(seed)
    weights = {row: {at: chance.randint(1, 9) for at in columns} for row, columns in enumerate(rows)}
    late = len(rows)
    order = Order([frozenset()] * late + [frozenset(range(late))], [0] * 10 + [1])
    without, within = assign(weights).pairs, assign(weights | {late: {10: 1}}, order)
    assert within.exact
    assert within.pairs[late] == 10
    worth = [sum(weights[e][a] for e, a in pairs.items() if e < late) for pairs in (without, within.pairs)]
    assert worth[0] == worth[1]


def test_a_greedy_match_would_miss_one() -> None:
    wanted = Wanted(
        (ExpectedCall(tool="f", args={"x": {"$one_of": [1, 2]}}), ExpectedCall(tool="f", args={"x": 1}))
    )
    found = match(wanted, [Call("f", {"x": 1}), Call("f", {"x": 2})], [True, True])
    assert found.matched == {0: 1, 1: 0}


def chain(length: int, tool: str = "f") -> Wanted:
    return Wanted(
        tuple(
            ExpectedCall(id=str(at), tool=tool, args={"x": at % 7}, after=(str(at - 1),) if at else ())
            for at in range(length)
        )
    )


def test_a_long_chain_is_exact() -> None:
    actual = [Call("f", {"x": at % 7}, turn=at) for at in range(150)]
    assert match(chain(150), actual, [True] * 150).matched == {at: at for at in range(150)}
    without_one = [*actual[:5], *actual[6:]]
    found = match(chain(150), without_one, [True] * 149)
    assert found.exact
    assert len(found.matched) == 149


def test_calls_of_one_turn_do_not_come_after_each_other() -> None:
    together = [Call("f", {"x": 0}, turn=1), Call("f", {"x": 1}, turn=1)]
    assert len(match(chain(2), together, [True, True]).matched) == 1
    apart = [Call("f", {"x": 0}, turn=1), Call("f", {"x": 1}, turn=2)]
    assert len(match(chain(2), apart, [True, True]).matched) == 2


def test_an_order_holds_across_a_call_that_was_not_made() -> None:
    actual = [Call("f", {"x": 2}, turn=1), Call("f", {"x": 0}, turn=2)]
    found = match(chain(3), actual, [True, True])
    assert len(found.matched) == 1
    assert [near.likeness for near in found.near.values()] == ["out_of_order"]


def test_twenty_calls_in_pairs_are_matched_though_most_orders_are_possible() -> None:
    pairs = [
        ExpectedCall(id=f"{side}{at}", tool="f", args={"x": at}, after=(f"a{at}",) if side == "b" else ())
        for at in range(10)
        for side in "ab"
    ]
    end = ExpectedCall(tool="g", args={}, after=tuple(f"b{at}" for at in range(10)))
    actual = [Call("f", {"x": at}, turn=turn) for turn in range(2) for at in range(10)]
    found = match(Wanted((*pairs, end)), [*actual, Call("g", {}, turn=3)], [True] * 21)
    assert found.exact
    assert len(found.matched) == 21


def test_too_many_orders_are_said_to_be_too_many() -> None:
    anything = [
        ExpectedCall(id=str(at), tool="f", args={"y": {"$one_of": list(range(at, at + 6))}})
        for at in range(16)
    ]
    late = ExpectedCall(tool="g", after=tuple(str(at) for at in range(16)))
    actual = [Call("f", {"y": 5 + at % 11}, turn=at) for at in range(40)]
    wanted = Wanted((*anything, late))
    in_time = match(wanted, [*actual, Call("g", {}, turn=99)], [True] * 41)
    assert len(in_time.matched) == 17
    assert in_time.exact
    too_early = match(wanted, [Call("g", {}, turn=-1), *actual], [True] * 41)
    assert len(too_early.matched) == 16
    assert not too_early.exact


def test_what_is_left_over_is_paired_by_likeness() -> None:
    wanted = Wanted(
        (
            ExpectedCall(tool="f", args={"x": 1, "y": 1}),
            ExpectedCall(tool="f", args={"x": 2, "y": 2}),
            ExpectedCall(tool="g", args={"z": 3}),
            ExpectedCall(tool="k"),
        )
    )
    actual = [Call("f", {"x": 2, "y": 9}), Call("f", {"x": 1, "y": 9}), Call("h", {"z": 3}), Call("h", {})]
    found = match(wanted, actual, [True] * 4)
    assert found.matched == {}
    assert {e: tuple(near) for e, near in found.near.items()} == {
        0: (1, "wrong_argument"),
        1: (0, "wrong_argument"),
        2: (2, "wrong_tool"),
    }


@pytest.mark.parametrize("args", ['{"x": 1', None, [1], 5, {"x": float("nan")}])
def test_malformed_arguments_match_nothing(args: Any) -> None:
    found = match(Wanted((ExpectedCall(tool="f", args={"x": 1}),)), [Call("f", args)], [True])
    assert not found.matched
    assert found.near[0].likeness == "wrong_argument"


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ((ExpectedCall(id="a", tool="f", after=("a",)),), "circle"),
        ((ExpectedCall(tool="f", after=("b",)),), "no call's id"),
        ((ExpectedCall(id="a", tool="f"), ExpectedCall(id="a", tool="f", after=("a",))), "same id"),
    ],
)
def test_an_order_that_is_none_is_refused(calls: tuple[ExpectedCall, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        match(Wanted(calls), [], [])
