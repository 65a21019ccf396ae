"""Matching: which actual call is which expected one.

First the calls that are as expected are assigned, as many as can be inside the partial order; then, for the
explanation, what is left over is paired by likeness: the same tool with other arguments, the same arguments
to another tool, the right call at the wrong time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, TypeAlias

from evals.cases.case import ExpectedCall
from evals.cases.comparators import arguments, is_plain
from evals.cases.values import Equal, Fields, equality
from evals.scorers.assignment import Assignment, Order, Weights, assign
from evals.trajectory import Call
from state.errors import UsageError
from state.schema import Json

Likeness: TypeAlias = Literal["out_of_order", "wrong_argument", "wrong_tool"]


class Near(NamedTuple):
    """An actual call that stands where an expected one should."""

    actual: int
    likeness: Likeness


class Matching(NamedTuple):
    """What became of the expected and of the actual calls, by their indices."""

    matched: dict[int, int]
    """Expected → actual, as expected."""
    near: dict[int, Near]
    """Expected → the actual call that is most like it, of those left over."""
    exact: bool
    """Whether no other matching has more; not so only where thousands of orders had to be weighed."""


@dataclass(frozen=True)
class Wanted:
    """Expected calls, made ready to be compared with many runs.

    Raises:
        UsageError: `after` names no call, or leads in a circle.
    """

    calls: tuple[ExpectedCall, ...]

    @cached_property
    def _fields(self) -> dict[int, Fields]:
        return {}

    @cached_property
    def _plain(self) -> tuple[Equal | None, ...]:
        """Of each call, how its arguments are compared, if they need no matcher."""
        return tuple(
            equality(call.args) if not call.more_args and is_plain(call.args) else None for call in self.calls
        )

    def arguments(self, expected: int) -> Fields:
        """The matcher of a call's arguments, made when it is first asked for."""
        if expected not in self._fields:
            call = self.calls[expected]
            self._fields[expected] = arguments(call.args, more=call.more_args)
        return self._fields[expected]

    def fits(self, expected: int, args: Json) -> bool:
        """Whether arguments are as expected."""
        if equal := self._plain[expected]:
            return equal(self.calls[expected].args, args)
        return self.arguments(expected).mismatch(args) is None

    @cached_property
    def before(self) -> tuple[frozenset[int], ...]:
        """Of each call those that come before it, transitively; empty where there is no order at all."""
        return _closure(self.calls) if any(call.after for call in self.calls) else ()


class _Identity:
    """Stands for expected calls in a cache: they never change, but hold dictionaries, which have no hash."""

    __slots__ = ("calls",)

    def __init__(self, calls: tuple[ExpectedCall, ...]) -> None:
        self.calls = calls

    def __hash__(self) -> int:
        return id(self.calls)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.calls is other.calls


@lru_cache(maxsize=4096)
def _ready(identity: _Identity) -> Wanted:
    return Wanted(identity.calls)


def ready(calls: tuple[ExpectedCall, ...]) -> Wanted:
    """The same for every trial of a case, so that its comparators are read once."""
    return _ready(_Identity(calls))


def match(wanted: Wanted, actual: Sequence[Call], counted: Sequence[bool]) -> Matching:
    """The best matching: most required calls, then most counted ones, then most at all.

    Args:
        wanted: What is expected.
        actual: What was called.
        counted: Of each actual call, whether it is wrong unless an expected call matches it.
    """
    full = _full(wanted, actual)
    order = Order(wanted.before, [call.turn for call in actual]) if wanted.before else None
    matched, exact = _forced(full, order) or assign(_weights(wanted, full, counted), order)
    return Matching(dict(matched), _near(wanted, actual, full, matched), exact)


def _forced(full: dict[int, list[int]], order: Order | None) -> Assignment | None:
    """The assignment where no call has a choice, as in most runs, and the order holds."""
    pairs = {}
    for expected, calls in full.items():
        if len(calls) > 1:
            return None
        if calls:
            pairs[expected] = calls[0]
    if len(set(pairs.values())) < len(pairs) or (order is not None and not order.holds(pairs)):
        return None
    return Assignment(pairs, exact=True)


def _weights(wanted: Wanted, full: dict[int, list[int]], counted: Sequence[bool]) -> Weights:
    """One for any pair, more than all these for a counted call, more than all those for a required one."""
    scale = min(len(full), len(counted)) + 1
    return {
        expected: {
            at: 1 + scale * counted[at] + scale * scale * (not wanted.calls[expected].optional)
            for at in calls
        }
        for expected, calls in full.items()
    }


def _full(wanted: Wanted, actual: Sequence[Call]) -> dict[int, list[int]]:
    """Expected → all actual calls that are as expected."""
    by_tool: dict[str, list[int]] = {}
    for at, call in enumerate(actual):
        by_tool.setdefault(call.tool, []).append(at)
    return {
        expected: [at for at in by_tool.get(call.tool, ()) if wanted.fits(expected, actual[at].args)]
        for expected, call in enumerate(wanted.calls)
    }


def _near(
    wanted: Wanted, actual: Sequence[Call], full: dict[int, list[int]], matched: Mapping[int, int]
) -> dict[int, Near]:
    left = [expected for expected in range(len(wanted.calls)) if expected not in matched]
    if not left or len(matched) == len(actual):
        return {}
    used = set(matched.values())
    free = [at for at in range(len(actual)) if at not in used]
    likeness = {
        expected: {
            at: found
            for at in free
            if (found := _likeness(wanted, expected, actual[at], at in full[expected]))
        }
        for expected in left
    }
    weights = {
        expected: {at: worth for at, (worth, _) in found.items()} for expected, found in likeness.items()
    }
    pairs = assign(weights).pairs
    return {expected: Near(at, likeness[expected][at][1]) for expected, at in pairs.items()}


def _likeness(wanted: Wanted, expected: int, call: Call, full: bool) -> tuple[float, Likeness] | None:
    """How like a call is, and in which way: a tool counts as one argument more."""
    if full:
        return 1.0, "out_of_order"
    fields = wanted.arguments(expected)
    agreeing = fields.agreeing(call.args)
    if call.tool == wanted.calls[expected].tool:
        return (1 + agreeing) / (2 + len(fields.fields)), "wrong_argument"
    if agreeing and fields.mismatch(call.args) is None:
        return agreeing / (2 + len(fields.fields)), "wrong_tool"
    return None


def _closure(calls: tuple[ExpectedCall, ...]) -> tuple[frozenset[int], ...]:
    named = {call.id: at for at, call in enumerate(calls) if call.id is not None}
    if len(named) < sum(call.id is not None for call in calls):
        raise UsageError("Two expected calls have the same id.", "Give each its own.")
    direct = [[_named(name, named) for name in call.after] for call in calls]
    closed: dict[int, frozenset[int]] = {}
    todo = list(range(len(calls)))
    while todo:
        ready = [at for at in todo if all(earlier in closed for earlier in direct[at])]
        if not ready:
            raise UsageError(
                "The expected calls come after each other in a circle.", "Correct their `after`."
            )
        for at in ready:
            closed[at] = frozenset(direct[at]).union(*(closed[earlier] for earlier in direct[at]))
        todo = [at for at in todo if at not in closed]
    return tuple(closed[at] for at in range(len(calls)))


def _named(name: str, named: dict[str, int]) -> int:
    if name not in named:
        raise UsageError(
            f"An expected call comes after {name!r:.80}, which is no call's id.", "Correct `after`."
        )
    return named[name]
