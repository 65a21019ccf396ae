"""The operators of expressions whose operands are values: arithmetic, texts, lists, times and comparisons."""

import decimal
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from state.canonical import sameness
from state.decimals import CONTEXT, plain_number
from state.keywords import first_match
from state.schema import Json

Apply: TypeAlias = Callable[..., Json]

EXPONENTS = 307
"""Powers of ten that a double has."""
MAX_TEXT = 200_000
"""Characters that one operator may make."""
MAX_ELEMENTS = 200_000
"""Elements of a list that one operator may make."""
DEEP = frozenset({"$eq", "$ne", "$in", "$contains", "$unique", "$except"})
"""Operators that look at everything in their operands, and not only at the first level."""
TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:(?P<between>[T ])\d\d:\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d{1,6})?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
"""ISO 8601 in its extended form."""


@dataclass(frozen=True)
class Unary:
    """An operator that takes its operand as it stands, also where that is a list."""

    function: Apply


def is_true(value: Json) -> bool:
    """The value of a condition."""
    if not isinstance(value, bool):
        raise TypeError(f"{_kind(value)} is no condition")
    return value


def sort_key(value: Json) -> Json:
    """What a value is ordered by; numbers and texts do not mix."""
    return _decimal(value) if _is_number(value) else _text(value)


def equal(a: Json, b: Json) -> bool:
    """Equality of JSON: 1 and 1.0 are equal, 1 and true are not."""
    if _is_number(a) and _is_number(b):
        return _decimal(a) == _decimal(b)
    if type(a) is not type(b):
        return False
    return sameness(a) == sameness(b) if isinstance(a, list | dict) else bool(a == b)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Json) -> str:
    return "null" if value is None else type(value).__name__


def _decimal(value: Json) -> Decimal:
    if not _is_number(value):
        raise TypeError(f"{_kind(value)} is no number")
    return Decimal(str(value))


def _integer(value: Json) -> int:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise TypeError(f"{number} is no whole number")
    return int(number)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{_kind(value)} is no text")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"{_kind(value)} is no list")
    return value


def _arithmetic(combine: Callable[[Decimal, Decimal], Decimal]) -> Apply:
    def run(*operands: Json) -> Json:
        with decimal.localcontext(CONTEXT):
            first, *rest = [_decimal(operand) for operand in operands]
            for other in rest:
                first = combine(first, other)
            return plain_number(+first)

    return run


def _round(value: Json, digits: Json = 0) -> Json:
    """Round half away from zero, as invoices do."""
    places = _integer(digits)
    with decimal.localcontext(CONTEXT):
        number = _decimal(value)
        if places >= -number.as_tuple().exponent:  # type: ignore[operator]  # JSON has no infinity
            return plain_number(number)
        if places < -EXPONENTS:
            raise ValueError(f"{places} is too few digits")
        return plain_number(number.quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP))


def _sum(values: Json) -> Json:
    return _arithmetic(lambda a, b: a + b)(0, *_list(values))


def _parsed(value: Json) -> Json:
    """The number that a text is, null if it is none."""
    try:
        with decimal.localcontext(CONTEXT):
            number = +Decimal(_text(value).strip().replace("_", " "))
    except ArithmeticError:
        return None
    return plain_number(number) if number.is_finite() else None


def _shown(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # exact, also where it is longer than what a double keeps, as ids are
    return f"{plain_number(_decimal(value))}" if isinstance(value, float) else _text(value)


def _joined(values: Json, separator: Json = "") -> str:
    between, parts, length = _text(separator), list[str](), 0
    for value in _list(values):
        parts.append(_shown(value))
        length += len(parts[-1]) + len(between)
        if length - len(between) > MAX_TEXT:
            raise ValueError(f"makes more than {MAX_TEXT} characters")
    return between.join(parts)


def _get(value: Json, key: Json) -> Json:
    if value is None:
        return None
    if isinstance(value, dict):
        return value.get(_text(key))
    index = _integer(key)
    return value[index] if -len(_list(value)) <= index < len(value) else None


def _take(values: Json, count: Json) -> Json:
    return _list(values)[: max(0, _integer(count))]


def _flat(values: Json) -> Json:
    if sum(len(_list(part)) for part in _list(values)) > MAX_ELEMENTS:
        raise ValueError(f"makes more than {MAX_ELEMENTS} elements")
    return [item for part in values for item in part]


def _unique(values: Json) -> Json:
    found: dict[str, Json] = {}
    for item in _list(values):
        found.setdefault(sameness(item), item)
    return list(found.values())


def _except(values: Json, others: Json) -> Json:
    known = {sameness(item) for item in _list(others)}
    return [item for item in _list(values) if sameness(item) not in known]


def _entries(value: Json) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"{_kind(value)} is no object")
    return [{"key": key, "value": part} for key, part in value.items()]


def _contains(whole: Json, part: Json) -> bool:
    if isinstance(whole, str):
        return _text(part).casefold() in whole.casefold()
    return any(equal(item, part) for item in _list(whole))


def _starts(whole: Json, prefix: Json) -> bool:
    return _text(whole).casefold().startswith(_text(prefix).casefold())


def _ordered(compare: Callable[[Json, Json], bool]) -> Apply:
    return lambda a, b: compare(sort_key(a), sort_key(b))


def matched(text: Json, pattern: Json) -> str | None:
    """The first group of the first match of a pattern, or the match; None without one."""
    return first_match(_text(pattern), _text(text))


def _shift(time: Json, by: Json) -> str:
    """The time moved, in the form it had: a date, or with `T` or a space, seconds, their fraction, a zone."""
    form = TIME.fullmatch(_text(time))
    if form is None:
        raise ValueError(f"{time!r:.40} is no date or time such as 2026-05-15T10:00")
    if not isinstance(by, dict) or by.keys() - {"days", "hours", "minutes"}:
        raise ValueError("takes days, hours and minutes")
    moved = datetime.fromisoformat(time) + timedelta(**{unit: float(_decimal(n)) for unit, n in by.items()})
    if not form["between"]:
        return moved.date().isoformat() if by.keys() <= {"days"} else moved.isoformat(timespec="minutes")
    shown = f"{moved.date().isoformat()}{form['between']}{moved:%H:%M}"
    shown += f":{moved:%S}" if form["seconds"] else ""
    shown += f".{moved:%f}"[: len(form["fraction"])] if form["fraction"] else ""
    return shown + (form["zone"] or "")


def _minutes(start: Json, end: Json) -> Json:
    passed = datetime.fromisoformat(_text(end)) - datetime.fromisoformat(_text(start))
    return plain_number(Decimal(str(passed.total_seconds())) / 60)


PLAIN: dict[str, Apply | Unary] = {
    "$get": _get,
    "$text": Unary(_joined),
    "$join": _joined,
    "$lower": Unary(lambda text: _text(text).lower()),
    "$split": lambda text, separator: _text(text).split(_text(separator)),
    "$number": Unary(_parsed),
    "$add": _arithmetic(lambda a, b: a + b),
    "$sub": _arithmetic(lambda a, b: a - b),
    "$mul": _arithmetic(lambda a, b: a * b),
    "$div": _arithmetic(lambda a, b: a / b),
    "$round": _round,
    "$count": Unary(lambda values: len(_list(values))),
    "$sum": Unary(_sum),
    "$first": Unary(lambda values: next(iter(_list(values)), None)),
    "$last": Unary(lambda values: next(reversed(_list(values)), None)),
    "$take": _take,
    "$flat": Unary(_flat),
    "$unique": Unary(_unique),
    "$except": _except,
    "$entries": Unary(_entries),
    "$shift": _shift,
    "$minutes": _minutes,
    "$eq": equal,
    "$ne": lambda a, b: not equal(a, b),
    "$lt": _ordered(lambda a, b: a < b),
    "$le": _ordered(lambda a, b: a <= b),
    "$gt": _ordered(lambda a, b: a > b),
    "$ge": _ordered(lambda a, b: a >= b),
    "$in": lambda item, values: any(equal(item, other) for other in _list(values)),
    "$contains": _contains,
    "$starts": _starts,
    "$not": Unary(lambda condition: not is_true(condition)),
}
