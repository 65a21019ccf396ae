"""Matching: which actual call is which expected one.

First the calls that are as expected are assigned, as many as can be inside the partial order; then, for the
explanation, what is left over is paired by likeness: the same tool with other arguments, the same arguments
to another tool, the right call at the wrong time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from evals.cases.case import ExpectedCall
from evals.cases.comparators import arguments
from evals.cases.values import Fields
from evals.scorers.assignment import Order, assign
from evals.trajectory import Call
from state.errors import UsageError

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
    def arguments(self) -> tuple[Fields, ...]:
        """The matcher of each call's arguments."""
        return tuple(arguments(call.args, more=call.more_args) for call in self.calls)

    @cached_property
    def before(self) -> tuple[frozenset[int], ...]:
        """Of each call those that come before it, transitively; empty where there is no order at all."""
        return _closure(self.calls) if any(call.after for call in self.calls) else ()


def match(wanted: Wanted, actual: Sequence[Call], counted: Sequence[bool]) -> Matching:
    """The best matching: most required calls, then most counted ones, then most at all.

    Args:
        wanted: What is expected.
        actual: What was called.
        counted: Of each actual call, whether it is wrong unless an expected call matches it.
    """
    full = _full(wanted, actual)
    scale = min(len(wanted.calls), len(actual)) + 1
    weights = {
        expected: {
            at: 1 + scale * counted[at] + scale * scale * (not wanted.calls[expected].optional)
            for at in calls
        }
        for expected, calls in full.items()
    }
    order = Order(wanted.before, [call.turn for call in actual]) if wanted.before else None
    matched, exact = assign(weights, order)
    return Matching(dict(matched), _near(wanted, actual, full, dict(matched)), exact)


def _full(wanted: Wanted, actual: Sequence[Call]) -> dict[int, list[int]]:
    """Expected → all actual calls that are as expected."""
    by_tool: dict[str, list[int]] = {}
    for at, call in enumerate(actual):
        by_tool.setdefault(call.tool, []).append(at)
    return {
        expected: [at for at in by_tool.get(call.tool, ()) if fields.mismatch(actual[at].args) is None]
        for expected, (call, fields) in enumerate(zip(wanted.calls, wanted.arguments, strict=True))
    }


def _near(
    wanted: Wanted, actual: Sequence[Call], full: dict[int, list[int]], matched: dict[int, int]
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
    fields = wanted.arguments[expected]
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
