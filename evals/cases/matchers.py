"""The matchers of comparators."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from evals.cases.mismatch import NOTHING, Mismatch, shown
from evals.cases.values import Matcher, Required, same
from state.keywords import PatternTimeoutError, matches
from state.schema import Json, JsonSchema, violations


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of the alternatives."""

    alternatives: tuple[Matcher, ...]

    @property
    def omittable(self) -> bool:
        """Whether one of the alternatives is."""
        return any(alternative.omittable for alternative in self.alternatives)

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value, since each alternative differs elsewhere; a sole alternative says where."""
        for alternative in self.alternatives:
            if (found := alternative.mismatch(value)) is None:
                return None
        return found if len(self.alternatives) == 1 else Mismatch((), self, value)

    def __repr__(self) -> str:
        return "one of " + ", ".join(map(repr, self.alternatives))


@dataclass(frozen=True, slots=True)
class Regex(Required):
    """A text in which a pattern is found."""

    pattern: str

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value; so too where the pattern takes longer than `state.keywords.MATCH_SECONDS`."""
        try:
            found = isinstance(value, str) and matches(self.pattern, value)
        except PatternTimeoutError as error:
            return Mismatch((), self, value, str(error))
        return None if found else Mismatch((), self, value)

    def __repr__(self) -> str:
        return f"a text that matches {self.pattern!r}"


@dataclass(frozen=True, slots=True)
class Text(Required):
    """A text, letter case and white space aside."""

    text: str
    folded: str

    @classmethod
    def of(cls, text: str) -> "Text":
        """The matcher of a text."""
        return cls(text, _folded(text))

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value."""
        found = isinstance(value, str) and _folded(value) == self.folded
        return None if found else Mismatch((), self, value)

    def __repr__(self) -> str:
        return f"{shown(self.text)} in any case and spacing"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class Number(Required):
    """A number near another one, by decimals as they are written: 5.03 is within 0.03 of 5."""

    value: Decimal
    tolerance: Decimal
    relative: Decimal

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value, where it is no number or too far off."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Mismatch((), self, value)
        try:
            number = Decimal(str(value))
        except (InvalidOperation, ValueError):  # an integer with more digits than Python prints
            return Mismatch((), self, value)
        near = number.is_finite() and abs(number - self.value) <= self._within
        return None if near else Mismatch((), self, value)

    @property
    def _within(self) -> Decimal:
        return max(self.tolerance, self.relative * abs(self.value))

    def __repr__(self) -> str:
        return f"{self.value} ± {self._within}"


@dataclass(frozen=True, slots=True)
class PlainSet(Required):
    """A list of plain items in any order, each as often as it is expected."""

    items: tuple[Json, ...]

    def mismatch(self, value: Json) -> Mismatch | None:
        """An item that should not be there, or the whole list if one is missing."""
        if not isinstance(value, list):
            return Mismatch((), self, value)
        left = list(self.items)
        for index, part in enumerate(value):
            found = next((at for at, item in enumerate(left) if same(item, part)), None)
            if found is None:
                return Mismatch((index,), NOTHING, part)
            del left[found]
        return Mismatch((len(value),), left[0], NOTHING) if left else None

    def __repr__(self) -> str:
        return f"{shown(list(self.items))} in any order"


@dataclass(frozen=True, slots=True)
class MatcherSet(Required):
    """A list in any order whose items are matchers: each item is paired with one of its own."""

    items: tuple[Matcher, ...]

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value, where its items cannot be paired."""
        if not isinstance(value, list) or len(value) != len(self.items):
            return Mismatch((), self, value)
        fits = [[at for at, item in enumerate(self.items) if item.mismatch(part) is None] for part in value]
        return None if _all_paired(fits) else Mismatch((), self, value)

    def __repr__(self) -> str:
        return f"{', '.join(map(repr, self.items))} in any order"


def _all_paired(fits: list[list[int]]) -> bool:
    """Whether each has a partner of its own, by augmenting paths (Kuhn 1955)."""
    partner: dict[int, int] = {}

    def paired(one: int, tried: set[int]) -> bool:
        for other in fits[one]:
            if other not in tried:
                tried.add(other)
                if other not in partner or paired(partner[other], tried):
                    partner[other] = one
                    return True
        return False

    return all(paired(one, set()) for one in range(len(fits)))


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be left out."""

    matcher: Matcher
    omittable: ClassVar[bool] = True

    def mismatch(self, value: Json) -> Mismatch | None:
        """What the matcher says of a value that is there."""
        return self.matcher.mismatch(value)

    def __repr__(self) -> str:
        return f"{self.matcher!r}, or nothing"


@dataclass(frozen=True, slots=True)
class Ignore:
    """Anything, also nothing."""

    omittable: ClassVar[bool] = True

    def mismatch(self, _value: Json) -> Mismatch | None:
        """None."""
        return None

    def __repr__(self) -> str:
        return "anything"


@dataclass(frozen=True, slots=True)
class Schema(Required):
    """A value that satisfies a JSON Schema, which `state.schema.check_schema` has let pass."""

    schema: JsonSchema

    def mismatch(self, value: Json) -> Mismatch | None:
        """The whole value, with what the schema says of it."""
        if not (found := violations(self.schema, value)):
            return None
        return Mismatch((), self, value, f"{found[0].path}: {found[0].message}".removeprefix(": "))

    def __repr__(self) -> str:
        return f"a value by the schema {shown(self.schema)}"
