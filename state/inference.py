"""Inferring the shape of an expression before anything runs, and what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from jsonpointer import JsonPointer, JsonPointerException

from state.expression import LEAVES, Expression, expression
from state.keywords import pattern_problem
from state.plan import REFERENCE
from state.schema import Json, Violation, pointer
from state.shape import (
    NOWHERE,
    Made,
    Shape,
    Sources,
    a,
    a_list,
    an_object,
    anything,
    either,
    key_names,
    literal,
    walk,
)
from state.subschema import ANY, ANY_TYPE, compatible

Path: TypeAlias = tuple[str | int, ...]

NUMBER = frozenset({"number", "integer"})
TEXT = frozenset({"string"})
LIST = frozenset({"array"})
OBJECT = frozenset({"object"})
TRUTH = frozenset({"boolean"})
SCALAR = NUMBER | TEXT


class Signature(NamedTuple):
    """What an operator takes, operand by operand, and what it gives."""

    takes: tuple[frozenset[str], ...]
    gives: str | Callable[[list[Shape]], Shape | None]
    optional: int = 0
    """How many operands at the end may be left out."""
    repeats: bool = False
    """Whether the last operand may be given any number of times."""
    unary: bool = False
    elements: frozenset[str] = ANY_TYPE
    """What the elements of the first operand must be."""


@dataclass(frozen=True)
class Known:
    """What stands around an expression."""

    outputs: Mapping[str, Shape]
    """Step id → shape of its output."""
    each: Shape | None = None
    item: Shape | None = None
    found: list[Violation] = field(default_factory=list)
    """Gets what is wrong."""

    def wrong(self, path: Path, message: str) -> Shape:
        """Note a violation; what is wrong may be anything, so that one mistake gives one violation."""
        self.found.append(Violation(path=pointer(path), message=message))
        return anything(NOWHERE)


def infer(value: Json, known: Known, path: Path = ()) -> Shape:
    """The shape of a value with expressions; what is wrong goes to `known.found` with its path."""
    found = expression(value)
    if found is not None:
        return _expression(found, known, path)
    if isinstance(value, dict):
        members = {key: infer(part, known, (*path, key)) for key, part in value.items()}
        return Made(OBJECT, members=members)
    if isinstance(value, list):
        elements = [infer(part, known, (*path, index)) for index, part in enumerate(value)]
        return a_list(either(*elements))
    return literal(value)


def _expression(found: Expression, known: Known, path: Path) -> Shape:
    name, operand = found
    inside = path if name in LEAVES else (*path, name)
    if name in SPECIAL:
        return SPECIAL[name](operand, known, inside)
    if name in SIGNATURES:
        return _plain(SIGNATURES[name], name, operand, known, inside)
    return known.wrong(path, "is no expression: an object with one key, which is an operator such as $ref")


def _plain(signature: Signature, name: str, operand: Json, known: Known, path: Path) -> Shape:
    takes = signature.takes
    if signature.unary:
        operands = [infer(operand, known, path)]
    elif isinstance(operand, list):
        operands = [infer(part, known, (*path, index)) for index, part in enumerate(operand)]
        if signature.repeats:
            takes = (*takes, *takes[-1:] * (len(operands) - len(takes)))
        if not len(takes) - signature.optional <= len(operands) <= len(takes):
            return known.wrong(path, f"{name} takes {len(takes)} operands, not {len(operands)}")
    else:
        return known.wrong(path, f"{name} takes a list of operands")
    for index, (shape, accepted) in enumerate(zip(operands, takes, strict=False)):
        _expect(shape, accepted, known, path if signature.unary else (*path, index))
    if inner := operands[0].part(ANY) if signature.elements != ANY_TYPE else None:
        _expect(inner, signature.elements, known, path if signature.unary else (*path, 0))
    if isinstance(signature.gives, str):
        return a(signature.gives, _together(operands))
    return signature.gives(operands) or anything(_together(operands))


def _expect(shape: Shape, accepted: frozenset[str], known: Known, path: Path) -> None:
    if not compatible(shape.types, accepted):
        known.wrong(path, f"gives {names(shape.types)} where {names(accepted)} is needed")


def names(types: frozenset[str]) -> str:
    """Types as a sentence names them."""
    return "anything" if types == ANY_TYPE else " or ".join(sorted(types)) or "nothing"


def _together(shapes: list[Shape]) -> Sources:
    total = NOWHERE
    for shape in shapes:
        total |= shape.sources
    return total


def _ref(operand: Json, known: Known, path: Path) -> Shape:
    match = REFERENCE.fullmatch(operand) if isinstance(operand, str) else None
    if match is None:
        return known.wrong(path, 'a reference looks like {"$ref": "s1#/json/pointer"}')
    output = known.outputs.get(match["step"])
    if output is None:
        return known.wrong(path, f"there is no step {match['step']!r}")
    found = walk(output, _keys(match["pointer"]))
    return found or known.wrong(path, f"the output has no field at {operand}")


def _keys(at: str) -> Iterator[str]:
    return iter(JsonPointer(at).parts)


def _element(which: str, where: str) -> Callable[[Json, Known, Path], Shape]:
    def run(operand: Json, known: Known, path: Path) -> Shape:
        element: Shape | None = getattr(known, which)
        if element is None:
            return known.wrong(path, f"there is no element here; it belongs into {where}")
        try:
            found = walk(element, _keys(operand))
        except (JsonPointerException, TypeError):
            return known.wrong(path, 'takes a JSON Pointer such as "/name", or "" for the whole element')
        return found or known.wrong(path, f"the element has no field at {operand!r}")

    return run


def _nth(operand: Json, known: Known, path: Path) -> Shape:
    if known.each is None or type(operand) is not int:
        return known.wrong(path, "takes the number of the first round, in a step with for_each")
    return a("integer", literal(operand).sources)


def _plain_literal(value: Json) -> Shape:
    if isinstance(value, dict):
        return Made(OBJECT, members={key: _plain_literal(part) for key, part in value.items()})
    if isinstance(value, list):
        return a_list(either(*map(_plain_literal, value)))
    return literal(value)


def _get(operand: Json, known: Known, path: Path) -> Shape:
    if not (isinstance(operand, list) and len(operand) == 2):
        return known.wrong(path, "$get takes a value and a key")
    value, key = infer(operand[0], known, (*path, 0)), operand[1]
    if isinstance(key, str) or type(key) is int:
        _expect(value, OBJECT if isinstance(key, str) else LIST, known, (*path, 0))
        named = str(key) if isinstance(key, str) or key >= 0 else ANY  # -1 is the last element
        return value.part(named) or known.wrong((*path, 1), f"the value has no field {key!r}")
    _expect(value, LIST | OBJECT, known, (*path, 0))
    _expect(infer(key, known, (*path, 1)), SCALAR, known, (*path, 1))
    return value.part(ANY) or anything(value.sources)


def _text(operand: Json, known: Known, path: Path) -> Shape:
    if not isinstance(operand, list):
        parts = infer(operand, known, path)
        _expect(parts, LIST, known, path)
        shapes = [part] if (part := parts.part(ANY)) else []
        places = [path]
    else:
        places = [(*path, index) for index in range(len(operand))]
        shapes = [infer(part, known, place) for part, place in zip(operand, places, strict=True)]
    for shape, place in zip(shapes, places, strict=False):
        _expect(shape, SCALAR, known, place)
    return a("string", _together(shapes))


def _shift(operand: Json, known: Known, path: Path) -> Shape:
    if not (isinstance(operand, list) and len(operand) == 2 and isinstance(operand[1], dict)):
        return known.wrong(path, '$shift takes a time and how far, such as {"days": 1}')
    if unknown := operand[1].keys() - {"days", "hours", "minutes"}:
        return known.wrong((*path, 1), f"knows days, hours and minutes, not {min(unknown)!r}")
    time = infer(operand[0], known, (*path, 0))
    _expect(time, TEXT, known, (*path, 0))
    units = [infer(amount, known, (*path, 1, unit)) for unit, amount in operand[1].items()]
    for shape, unit in zip(units, operand[1], strict=True):
        _expect(shape, NUMBER, known, (*path, 1, unit))
    return a("string", _together([time, *units]))


def _match(operand: Json, known: Known, path: Path) -> Shape:
    if not (isinstance(operand, list) and len(operand) == 2 and isinstance(operand[1], str)):
        return known.wrong(path, "$match takes a text and a pattern")
    if problem := pattern_problem(operand[1]):
        known.wrong((*path, 1), f"is no pattern: {problem}")
    text = infer(operand[0], known, (*path, 0))
    _expect(text, TEXT, known, (*path, 0))
    return Made(TEXT | {"null"}, text.sources)


def _listed(operand: Json, known: Known, path: Path, name: str) -> tuple[Shape, Known] | None:
    """The list that a list operator goes through, and what its other operands may see."""
    if not (isinstance(operand, list) and (len(operand) == 2 or (len(operand) > 2 and name == "$sort"))):
        known.wrong(path, f"{name} takes a list and what to do for each of its elements")
        return None
    values = infer(operand[0], known, (*path, 0))
    _expect(values, LIST, known, (*path, 0))
    return values, replace(known, item=values.part(ANY) or anything(values.sources))


def _filter(operand: Json, known: Known, path: Path) -> Shape:
    if (listed := _listed(operand, known, path, "$filter")) is None:
        return anything(NOWHERE)
    values, inside = listed
    _expect(infer(operand[1], inside, (*path, 1)), TRUTH, known, (*path, 1))
    return values


def _map(operand: Json, known: Known, path: Path) -> Shape:
    if (listed := _listed(operand, known, path, "$map")) is None:
        return anything(NOWHERE)
    return a_list(infer(operand[1], listed[1], (*path, 1)))


def _sort(operand: Json, known: Known, path: Path) -> Shape:
    if (listed := _listed(operand, known, path, "$sort")) is None:
        return anything(NOWHERE)
    values, inside = listed
    for index, key in enumerate(operand[1:], 1):
        if index % 2:
            _expect(infer(key, inside, (*path, index)), SCALAR, known, (*path, index))
        elif key not in ("asc", "desc"):
            known.wrong((*path, index), "is neither asc nor desc")
    return values


def _extreme(operand: Json, known: Known, path: Path) -> Shape:
    if (listed := _listed(operand, known, path, "it")) is None:
        return anything(NOWHERE)
    _expect(infer(operand[1], listed[1], (*path, 1)), SCALAR, known, (*path, 1))
    return listed[1].item or anything(NOWHERE)


def _group(operand: Json, known: Known, path: Path) -> Shape:
    if (listed := _listed(operand, known, path, "$group")) is None:
        return anything(NOWHERE)
    values, inside = listed
    return a_list(an_object(key=infer(operand[1], inside, (*path, 1)), items=values))


def _if(operand: Json, known: Known, path: Path) -> Shape:
    if not (isinstance(operand, list) and len(operand) == 3):
        return known.wrong(path, "$if takes a condition and two values")
    condition, *values = [infer(part, known, (*path, index)) for index, part in enumerate(operand)]
    _expect(condition, TRUTH, known, (*path, 0))
    return either(*values) or anything(NOWHERE)


def _conditions(operand: Json, known: Known, path: Path) -> Shape:
    if not (isinstance(operand, list) and operand):
        return known.wrong(path, "takes a list of conditions")
    shapes = [infer(part, known, (*path, index)) for index, part in enumerate(operand)]
    for index, shape in enumerate(shapes):
        _expect(shape, TRUTH, known, (*path, index))
    return a("boolean", _together(shapes))


def _exists(operand: Json, known: Known, path: Path) -> Shape:
    return a("boolean", infer(operand, known, path).sources)


def _pair(operand: Json, known: Known, path: Path) -> list[Shape]:
    """The shapes of the two values that are compared; none if there are not two."""
    if not (isinstance(operand, list) and len(operand) == 2):
        known.wrong(path, "takes two values")
        return []
    return [infer(part, known, (*path, index)) for index, part in enumerate(operand)]


def _compared(operand: Json, known: Known, path: Path) -> Shape:
    pair = _pair(operand, known, path)
    left, right = [shape.types for shape in pair] or [ANY_TYPE, ANY_TYPE]
    if "null" not in left | right and not compatible(left, right):  # what is missing is null
        known.wrong(path, f"compares {names(left)} with {names(right)}")
    return a("boolean", _together(pair))


def _ordered(operand: Json, known: Known, path: Path) -> Shape:
    pair = _pair(operand, known, path)
    for index, shape in enumerate(pair):
        _expect(shape, SCALAR, known, (*path, index))
    if pair and not compatible(pair[0].types & SCALAR, pair[1].types & SCALAR):
        known.wrong(path, f"compares {names(pair[0].types)} with {names(pair[1].types)}")
    return a("boolean", _together(pair))


SPECIAL: dict[str, Callable[[Json, Known, Path], Shape]] = {
    "$ref": _ref,
    "$each": _element("each", "a step with for_each"),
    "$item": _element("item", "a list operator"),
    "$nth": _nth,
    "$literal": lambda operand, _known, _path: _plain_literal(operand),
    "$get": _get,
    "$text": _text,
    "$shift": _shift,
    "$match": _match,
    "$filter": _filter,
    "$map": _map,
    "$sort": _sort,
    "$min": _extreme,
    "$max": _extreme,
    "$group": _group,
    "$if": _if,
    "$and": _conditions,
    "$or": _conditions,
    "$exists": _exists,
    "$eq": _compared,
    "$ne": _compared,
    **dict.fromkeys(("$lt", "$le", "$gt", "$ge"), _ordered),
}
SIGNATURES = {
    "$join": Signature((LIST, TEXT), "string", elements=SCALAR),
    "$lower": Signature((TEXT,), "string", unary=True),
    "$split": Signature((TEXT, TEXT), lambda shapes: a_list(a("string", shapes[0].sources))),
    "$number": Signature((TEXT,), lambda shapes: Made(NUMBER | {"null"}, shapes[0].sources), unary=True),
    **{
        name: Signature((NUMBER, NUMBER), "number", repeats=True) for name in ("$add", "$sub", "$mul", "$div")
    },
    "$round": Signature((NUMBER, NUMBER), "number", optional=1),
    "$count": Signature((LIST,), "integer", unary=True),
    "$sum": Signature((LIST,), "number", unary=True, elements=NUMBER),
    "$first": Signature((LIST,), lambda shapes: shapes[0].part(ANY), unary=True),
    "$last": Signature((LIST,), lambda shapes: shapes[0].part(ANY), unary=True),
    "$take": Signature((LIST, NUMBER), lambda shapes: shapes[0]),
    "$flat": Signature((LIST,), lambda shapes: shapes[0].part(ANY), unary=True, elements=LIST),
    "$unique": Signature((LIST,), lambda shapes: shapes[0], unary=True),
    "$except": Signature((LIST, LIST), lambda shapes: shapes[0]),
    "$entries": Signature(
        (OBJECT,),
        lambda shapes: a_list(
            an_object(
                key=a("string", shapes[0].sources | key_names(shapes[0])),
                value=shapes[0].part(ANY) or anything(shapes[0].sources),
            )
        ),
        unary=True,
    ),
    "$minutes": Signature((TEXT, TEXT), "number"),
    "$in": Signature((ANY_TYPE, LIST), "boolean"),
    "$contains": Signature((TEXT | LIST, ANY_TYPE), "boolean"),
    "$starts": Signature((TEXT, TEXT), "boolean"),
    "$not": Signature((TRUTH,), "boolean", unary=True),
}
