"""Optimal assignment of expected calls to actual ones, inside a partial order.

An exact dynamic programme over the down-sets of the order: calls are taken turn by turn, and what is
remembered is only which expected calls can no longer be matched. A chain of n has n + 1 down-sets; n calls
without order have 2ⁿ, so groups of them go to scipy's assignment, unless they are small.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Weights: TypeAlias = Mapping[int, Mapping[int, float]]
"""Expected → actual → what the pair is worth, above 0; a pair that is left out is impossible."""

MAX_STATES = 5_000
"""Down-sets kept at a time. With fewer, as in a chain of 1,000 or among any 12 calls, nothing is worth more.

Beyond, the best ones are kept, and the assignment says that it may not be the best.
"""
NARROW = 50
MAX_STEPS = 4_096
"""Of the programme for calls without order; where it would take more, importing scipy pays."""


class Assignment(NamedTuple):
    """Pairs of expected and actual."""

    pairs: Mapping[int, int]
    exact: bool
    """Whether no other assignment is worth more."""


@dataclass(frozen=True, slots=True)
class Order:
    """A partial order of expected calls, and the turns of the actual ones."""

    before: Sequence[frozenset[int]]
    """Expected → all that come before it, transitively."""
    turns: Sequence[int]
    """Actual → its turn. Calls of one turn have no order, so none of them comes after another."""

    def holds(self, pairs: Mapping[int, int]) -> bool:
        """Whether pairs of expected and actual are in this order."""
        return all(
            self.turns[pairs[earlier]] < self.turns[actual]
            for expected, actual in pairs.items()
            for earlier in self.before[expected]
            if earlier in pairs
        )


def assign(weights: Weights, order: Order | None = None) -> Assignment:
    """The assignment that is worth most, each expected and each actual call being used at most once.

    Where one expected call comes before another and both are assigned, the turn of the first one's call is
    earlier than the turn of the second one's.
    """
    pairs: dict[int, int] = {}
    exact = True
    for group in _independent(weights, order):
        found = _best(group, order)
        pairs |= found.pairs
        exact = exact and found.exact
    return Assignment(pairs, exact)


def _best(weights: Weights, order: Order | None) -> Assignment:
    if len(weights) == 1:
        ((expected, choices),) = weights.items()
        return Assignment({expected: max(choices, key=choices.__getitem__)}, exact=True)
    ordered = order is not None and any(order.before[expected] & weights.keys() for expected in weights)
    if ordered or len(set().union(*weights.values())) << len(weights) <= MAX_STEPS:
        return _programme(weights, order if ordered else None)
    return Assignment(_by_scipy(weights), exact=True)


def _independent(weights: Weights, order: Order | None) -> Iterator[Weights]:
    """Groups that share no actual call and have no order between them; what has no choice is left out."""
    left = {expected for expected, choices in weights.items() if choices}
    wanted_by: dict[int, list[int]] = {}
    for expected in left:
        for actual in weights[expected]:
            wanted_by.setdefault(actual, []).append(expected)
    related = _related(left, order)
    while left:
        group, todo = set[int](), [left.pop()]
        while todo:
            expected = todo.pop()
            group.add(expected)
            near = related.get(expected, set()).union(*(wanted_by.pop(at, ()) for at in weights[expected]))
            todo += near & left
            left -= near
        yield {expected: weights[expected] for expected in sorted(group)}


def _related(expected: set[int], order: Order | None) -> Mapping[int, set[int]]:
    related: dict[int, set[int]] = {}
    for one in expected if order else ():
        for other in order.before[one] & expected if order else ():
            related.setdefault(one, set()).add(other)
            related.setdefault(other, set()).add(one)
    return related


class _State(NamedTuple):
    """Bit sets of expected calls."""

    closed: int
    """Those that can no longer be matched: matched ones, and all that come before them."""
    waiting: int
    """Those that come after one that was matched in this very turn."""


class _Way(NamedTuple):
    """How a state was reached: what it is worth, and its last pair."""

    worth: float
    before: "_Way | None"
    expected: int
    actual: int


_Ways: TypeAlias = dict[_State, _Way | None]


class _Found(NamedTuple):
    way: _Way | None
    exact: bool


class _Options(NamedTuple):
    """What an actual call may be used for."""

    actual: int
    pairs: list[tuple[int, float]]

    @property
    def best(self) -> float:
        return max(worth for _, worth in self.pairs)


class _Masks(NamedTuple):
    """Expected → bit set."""

    closes: Mapping[int, int]
    """What a match closes: itself and all before it."""
    delays: Mapping[int, int]
    """What it delays to a later turn: all after it."""


def _programme(weights: Weights, order: Order | None) -> Assignment:
    """Narrow at first, which is often enough, and gives a bound for the wide search if it is not."""
    turns = _turns(weights, order)
    masks = _masks(weights, order)
    most = min(
        sum(options.best for turn in turns for options in turn),
        sum(max(choices.values()) for choices in weights.values()),
    )
    found = _searched(turns, masks, NARROW, floor=0)
    if not found.exact and _worth(found.way) < most:
        found = _searched(turns, masks, MAX_STATES, floor=_worth(found.way))
    return Assignment(_pairs(found.way), found.exact or _worth(found.way) >= most)


def _turns(weights: Weights, order: Order | None) -> list[list[_Options]]:
    by_turn: dict[int, dict[int, _Options]] = {}
    for expected, choices in weights.items():
        for actual, worth in choices.items():
            turn = by_turn.setdefault(order.turns[actual] if order else 0, {})
            turn.setdefault(actual, _Options(actual, [])).pairs.append((expected, worth))
    return [list(by_turn[turn].values()) for turn in sorted(by_turn)]


def _searched(turns: list[list[_Options]], masks: _Masks, width: int, floor: float) -> _Found:
    """The best way through the states; those that cannot reach `floor` any more are dropped."""
    hope = sum(options.best for turn in turns for options in turn)
    ways: _Ways = {_State(0, 0): None}
    exact = True
    for turn in turns:
        for options in turn:
            hope -= options.best
            _extend(ways, options, masks)
            ways = {state: way for state, way in ways.items() if _worth(way) + hope >= floor}
            exact &= len(ways) <= width
            ways = (
                dict(sorted(ways.items(), key=lambda item: -_worth(item[1]))[:width]) if not exact else ways
            )
        ways = _next_turn(ways)
    return _Found(max(ways.values(), key=_worth), exact)


def _extend(ways: _Ways, options: _Options, masks: _Masks) -> None:
    """Add the states in which the actual call is used."""
    for (closed, waiting), way in list(ways.items()):
        for expected, worth in options.pairs:
            if not (closed | waiting) >> expected & 1:
                state = _State(closed | masks.closes[expected], waiting | masks.delays[expected])
                total = _worth(way) + worth
                if state not in ways or _worth(ways[state]) < total:
                    ways[state] = _Way(total, way, expected, options.actual)


def _masks(weights: Weights, order: Order | None) -> _Masks:
    closes = {expected: 1 << expected for expected in weights}
    delays = dict.fromkeys(weights, 0)
    for expected in weights if order else ():
        for earlier in order.before[expected] & weights.keys() if order else ():
            closes[expected] |= 1 << earlier
            delays[earlier] |= 1 << expected
    return _Masks(closes, delays)


def _worth(way: _Way | None) -> float:
    return way.worth if way else 0


def _next_turn(ways: _Ways) -> _Ways:
    """In the next turn nothing waits any more, so that states become the same."""
    merged: _Ways = {}
    for (closed, _), way in ways.items():
        state = _State(closed, 0)
        if state not in merged or _worth(merged[state]) < _worth(way):
            merged[state] = way
    return merged


def _pairs(way: _Way | None) -> dict[int, int]:
    pairs = {}
    while way:
        pairs[way.expected] = way.actual
        way = way.before
    return pairs


def _by_scipy(weights: Weights) -> dict[int, int]:
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    rows = list(weights)
    columns = sorted({actual for choices in weights.values() for actual in choices})
    at = {actual: column for column, actual in enumerate(columns)}
    worth = np.zeros((len(rows), len(columns)))
    for row, expected in enumerate(rows):
        for actual, value in weights[expected].items():
            worth[row, at[actual]] = value
    chosen = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return {rows[row]: columns[column] for row, column in chosen if worth[row, column] > 0}
