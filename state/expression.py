"""Expressions: what a plan computes by code from the outputs of earlier steps.

An expression is an object with one key that begins with `$`; everything else is a literal, inside which
expressions may stand. docs/plans.md lists the operators.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from time import perf_counter
from typing import NamedTuple

from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from state.canonical import sameness
from state.operators import DEEP, PLAIN, Unary, is_true, matched, sort_key
from state.schema import Json
from state.weight import UNIT, shallow, weight

MAX_EVALUATIONS = 200_000
"""Values that the expressions of one call may evaluate, elements of lists counted, since a plan may nest
loops; going through UNIT elements, or through ten times as many characters, counts as one."""
MATCH_UNIT = 1e-5
"""Seconds of a pattern's matching that count as one evaluation, since nothing else says what it costs."""
LEAVES = frozenset({"$ref", "$each", "$item", "$nth", "$literal"})


class ExpressionError(ValueError):
    """An expression has no value."""


class TooMuchError(ExpressionError):
    """More than MAX_EVALUATIONS would be needed."""


class Expression(NamedTuple):
    """An operator and what it works on."""

    operator: str
    operand: Json


class Found(NamedTuple):
    """An expression and where in a value it stands."""

    path: tuple[str | int, ...]
    expression: Expression


class Missing:
    """That there is no element here."""


MISSING = Missing()


@dataclass(frozen=True)
class Scope:
    """What an expression may see."""

    outputs: Mapping[str, Json]
    """Step id → output."""
    each: Json = MISSING
    """The element of the step's `for_each`."""
    nth: int = 0
    """Which round of `for_each` it is, from 0."""
    item: Json = MISSING
    """The element that a list operator looks at."""
    spent: list[int] = field(default_factory=lambda: [0])

    def charge(self, evaluations: int = 1) -> None:
        """Count what is evaluated, before it is.

        Raises:
            TooMuchError: it is more than MAX_EVALUATIONS.
        """
        self.spent[0] += evaluations
        if self.spent[0] > MAX_EVALUATIONS:
            raise TooMuchError(f"needs more than {MAX_EVALUATIONS} evaluations")

    def weigh(self, *values: Json) -> None:
        """Count everything in the values: parts that are shared count wherever they stand."""
        for value in values:
            self.charge(weight(value, UNIT * (MAX_EVALUATIONS - self.spent[0] + 1)) // UNIT)


def expression(value: Json) -> Expression | None:
    """The expression that a value is, or None if it is a literal; a malformed one has the operator ''."""
    if not (isinstance(value, dict) and any(key.startswith("$") for key in value)):
        return None
    operator, operand = next(iter(value.items()))
    return Expression(operator if len(value) == 1 and operator in OPERATORS else "", operand)


def expressions(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[Found]:
    """All expressions in a value, outer ones before those inside them."""
    found = expression(value)
    if found is not None:
        yield Found(path, found)
        if found.operator in LEAVES:
            return
    for key, part in _members(value):
        yield from expressions(part, (*path, key))


def is_literal(value: Json) -> bool:
    """Whether no expression stands in the value."""
    return next(expressions(value), None) is None


def evaluate(value: Json, scope: Scope) -> Json:
    """The value with every expression in it replaced by what it stands for.

    Raises:
        ExpressionError: an expression has no value, or too much would have to be computed.
    """
    try:
        made = _value(value, scope)
    except RecursionError as error:
        raise ExpressionError("is nested too deep") from error
    scope.weigh(made)
    return made


def holds(condition: Json, scope: Scope) -> bool:
    """Whether a condition holds.

    Raises:
        ExpressionError: it is neither true nor false.
    """
    return bool(_told("condition", is_true, evaluate(condition, scope)))


def _value(value: Json, scope: Scope) -> Json:
    if not isinstance(value, list | dict):
        return value
    scope.charge(1 + shallow(value))
    found = expression(value)
    if found is None:
        if isinstance(value, dict):
            return {key: _value(part, scope) for key, part in value.items()}
        return [_value(part, scope) for part in value]
    if found.operator not in OPERATORS:
        raise ExpressionError("is not an expression")
    return OPERATORS[found.operator](found.operand, scope)


def _holds(condition: Json, scope: Scope) -> bool:
    return bool(_told("condition", is_true, _value(condition, scope)))


def _members(value: Json) -> Iterator[tuple[str | int, Json]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _told(operator: str, apply: Callable[..., Json], *operands: Json) -> Json:
    try:
        return apply(*operands)
    except ExpressionError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise ExpressionError(f"{operator}: {error or type(error).__name__}") from error


def part_of(value: Json, pointer: str) -> Json:
    """The part at a JSON Pointer.

    Raises:
        LookupError: there is none.
    """
    try:
        part = JsonPointer(pointer).resolve(value)
    except JsonPointerException as error:
        raise LookupError(f"there is nothing at {pointer!r}") from error
    if isinstance(part, EndOfList):  # what `-` means: the place after the last item
        raise LookupError(f"there is nothing at {pointer!r}")
    return part


def _ref(operand: Json, scope: Scope) -> Json:
    step, _, pointer = str(operand).partition("#")
    try:
        return part_of(scope.outputs[step], pointer)
    except LookupError as error:
        raise ExpressionError(f"step {step!r} has no output at {pointer!r}") from error


def _element(element: Json, pointer: Json, where: str) -> Json:
    if element is MISSING:
        raise ExpressionError(f"there is no element here; it belongs into {where}")
    try:
        return part_of(element, pointer)
    except LookupError:
        return None
    except (TypeError, AttributeError) as error:
        raise ExpressionError("takes a JSON Pointer to a part of the element") from error


def _nth(operand: Json, scope: Scope) -> Json:
    if type(operand) is not int:
        raise ExpressionError("$nth takes the number of the first round")
    return scope.nth + operand


def _plain(name: str) -> Callable[[Json, Scope], Json]:
    apply = PLAIN[name]

    def run(operand: Json, scope: Scope) -> Json:
        unary = isinstance(apply, Unary)
        operands = [_value(part, scope) for part in ([operand] if unary else _operands(name, operand))]
        if name in DEEP:
            scope.weigh(*operands)
        scope.charge(sum(map(shallow, operands)))
        made = _told(name, apply.function if isinstance(apply, Unary) else apply, *operands)
        scope.charge(shallow(made))
        return made

    return run


def _match(operand: Json, scope: Scope) -> Json:
    operands = _operands("$match", operand)
    if len(operands) != 2:
        raise ExpressionError("$match takes a text and a pattern")
    text, pattern = (_value(part, scope) for part in operands)
    started = perf_counter()
    found = _told("$match", matched, text, pattern)
    scope.charge(int((perf_counter() - started) / MATCH_UNIT))
    return found


def _operands(name: str, operand: Json) -> list[Json]:
    if not isinstance(operand, list):
        raise ExpressionError(f"{name} takes a list of operands")
    return operand


def _listed(name: str, operand: Json, scope: Scope) -> tuple[list[Json], list[Json]]:
    """The list that a list operator goes through, and what it does for each element."""
    first, *rest = _operands(name, operand) or [None]
    found = _value(first, scope)
    if not isinstance(found, list) or not rest or (len(rest) > 1 and name != "$sort"):
        raise ExpressionError(f"{name} takes a list and what to do for each of its elements")
    scope.charge(len(found))
    return found, rest


def _keys(name: str, operand: Json, scope: Scope) -> tuple[list[Json], list[Json]]:
    found, (key, *_) = _listed(name, operand, scope)
    return found, [_value(key, replace(scope, item=item)) for item in found]


def _filter(operand: Json, scope: Scope) -> Json:
    found, (condition, *_) = _listed("$filter", operand, scope)
    return [item for item in found if _holds(condition, replace(scope, item=item))]


def _map(operand: Json, scope: Scope) -> Json:
    return _keys("$map", operand, scope)[1]


def _extreme(name: str, choose: Callable[..., Json]) -> Callable[[Json, Scope], Json]:
    def run(operand: Json, scope: Scope) -> Json:
        found, keys = _keys(name, operand, scope)
        ordered = _told(name, lambda: [sort_key(key) for key in keys])
        chosen = _told(name, lambda: choose(range(len(found)), key=ordered.__getitem__, default=None))
        return None if chosen is None else found[chosen]

    return run


def _sort(operand: Json, scope: Scope) -> Json:
    found, rest = _listed("$sort", operand, scope)
    criteria = zip_longest(rest[::2], rest[1::2], fillvalue="asc")
    for key, order in reversed(list(criteria)):  # a stable sort, by the last criterion first
        if order not in ("asc", "desc"):
            raise ExpressionError("$sort takes asc or desc behind each key")
        keys = [_value(key, replace(scope, item=item)) for item in found]
        found = _told("$sort", _sorted, found, keys, order == "desc")
    return found


def _sorted(found: list[Json], keys: list[Json], descending: bool) -> list[Json]:
    ordered = [sort_key(key) for key in keys]
    places = sorted(range(len(found)), key=ordered.__getitem__, reverse=descending)
    return [found[place] for place in places]


def _group(operand: Json, scope: Scope) -> Json:
    found, keys = _keys("$group", operand, scope)
    groups: dict[str, dict[str, Json]] = {}
    for key, item in zip(keys, found, strict=True):
        scope.weigh(key)
        groups.setdefault(sameness(key), {"key": key, "items": []})["items"].append(item)
    return list(groups.values())


def _if(operand: Json, scope: Scope) -> Json:
    operands = _operands("$if", operand)
    if len(operands) != 3:
        raise ExpressionError("$if takes a condition and two values")
    return _value(operands[1] if _holds(operands[0], scope) else operands[2], scope)


def _all(operand: Json, scope: Scope) -> Json:
    return all(_holds(part, scope) for part in _operands("$and", operand))


def _any(operand: Json, scope: Scope) -> Json:
    return any(_holds(part, scope) for part in _operands("$or", operand))


def _exists(operand: Json, scope: Scope) -> Json:
    try:
        return _value(operand, scope) is not None
    except TooMuchError:
        raise
    except ExpressionError:
        return False


OPERATORS: dict[str, Callable[[Json, Scope], Json]] = {
    "$ref": _ref,
    "$each": lambda operand, scope: _element(scope.each, operand, "a step with for_each"),
    "$item": lambda operand, scope: _element(scope.item, operand, "a list operator"),
    "$nth": _nth,
    "$literal": lambda operand, _scope: operand,
    "$filter": _filter,
    "$map": _map,
    "$sort": _sort,
    "$min": _extreme("$min", min),
    "$max": _extreme("$max", max),
    "$group": _group,
    "$if": _if,
    "$and": _all,
    "$or": _any,
    "$exists": _exists,
    "$match": _match,
} | {name: _plain(name) for name in PLAIN}
