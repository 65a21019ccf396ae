"""What is expected of a value: matchers of plain values, objects and lists.

A matcher is made once and asked often; `evals.cases.comparators` makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import eq
from typing import ClassVar, Protocol, TypeAlias

from evals.cases.mismatch import NOTHING, Mismatch, shown
from state.schema import Json

Equal: TypeAlias = Callable[[Json, Json], bool]
"""Whether an expected value and another are the same JSON."""


class Matcher(Protocol):
    """What is expected of a value."""

    @property
    def omittable(self) -> bool:
        """Whether an argument or a key of which this is expected may be left out."""
        ...

    def mismatch(self, value: Json) -> Mismatch | None:
        """The first difference; None if the value is as expected."""
        ...


class Required:
    """What most matchers are: the value has to be there."""

    __slots__ = ()
    omittable: ClassVar[bool] = False


def same(expected: Json, value: Json) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, and true is not 1."""
    # Python's comparison is fast and nearly right: it only takes true for 1, and false for 0.
    return bool(expected == value) and _same_truths(expected, value)


def equality(expected: Json) -> Equal:
    """How values are compared with this one: by `same`, or faster where no part of it is 0 or 1."""
    return same if _doubtful(expected) else eq


def _doubtful(value: Json) -> bool:
    """Whether Python could take a part of the value for true or false, or the other way round."""
    if isinstance(value, dict | list):
        return any(map(_doubtful, value.values() if isinstance(value, dict) else value))
    return value in {0, 1} if isinstance(value, int | float) else False


def _same_truths(expected: Json, value: Json) -> bool:
    """Of equal values. Written out, since a scorer spends a tenth of its time here."""
    if type(expected) is dict:
        for key, part in expected.items():
            if type(part) is not str and not _same_truths(part, value[key]):
                return False
        return True
    if type(expected) is list:
        return all(map(_same_truths, expected, value))
    return (type(expected) is bool) is (type(value) is bool)


@dataclass(frozen=True, slots=True)
class Plain(Required):
    """A value as it stands."""

    value: Json

    def mismatch(self, value: Json) -> Mismatch | None:
        """The innermost place that differs."""
        return None if same(self.value, value) else _difference(self.value, value)

    def __repr__(self) -> str:
        return shown(self.value)


def _difference(expected: Json, value: Json) -> Mismatch:
    if isinstance(expected, dict) and isinstance(value, dict):
        fields: dict[str, Matcher] = {key: Plain(part) for key, part in expected.items()}
        return Fields(fields).mismatch(value) or Mismatch((), expected, value)
    if isinstance(expected, list) and isinstance(value, list):
        return Items(tuple(map(Plain, expected))).mismatch(value) or Mismatch((), expected, value)
    return Mismatch((), expected, value)


@dataclass(frozen=True, slots=True)
class Fields(Required):
    """An object by its keys."""

    fields: dict[str, Matcher]
    more: bool = False
    """Whether other keys are allowed."""

    def mismatch(self, value: Json) -> Mismatch | None:
        """The first key that differs, is missing, or should not be there."""
        if not isinstance(value, dict):
            return Mismatch((), self, value)
        for key, field in self.fields.items():
            if (found := _field_mismatch(field, key, value)) is not None:
                return found
        if self.more or (len(value) <= len(self.fields) and value.keys() <= self.fields.keys()):
            return None
        key = next(key for key in value if key not in self.fields)
        return Mismatch((key,), NOTHING, value[key])

    def agreeing(self, value: Json) -> int:
        """How many of the fields are as expected."""
        if not isinstance(value, dict):
            return 0
        return sum(_field_mismatch(field, key, value) is None for key, field in self.fields.items())

    def __repr__(self) -> str:
        return f"an object with {', '.join(self.fields) or 'no keys'}"


def _field_mismatch(field: Matcher, key: str, value: dict[str, Json]) -> Mismatch | None:
    if key in value:
        found = field.mismatch(value[key])
        return None if found is None else found.below(key)
    return None if field.omittable else Mismatch((key,), field, NOTHING)


@dataclass(frozen=True, slots=True)
class Items(Required):
    """A list, item by item."""

    items: tuple[Matcher, ...]

    def mismatch(self, value: Json) -> Mismatch | None:
        """The first item that differs, is missing, or should not be there."""
        if not isinstance(value, list):
            return Mismatch((), self, value)
        for index, (item, part) in enumerate(zip(self.items, value, strict=False)):
            if (found := item.mismatch(part)) is not None:
                return found.below(index)
        if len(value) > len(self.items):
            return Mismatch((len(self.items),), NOTHING, value[len(self.items)])
        if len(value) < len(self.items):
            return Mismatch((len(value),), self.items[len(value)], NOTHING)
        return None

    def __repr__(self) -> str:
        return f"a list of {len(self.items)}"
