"""The verdicts of the Berkeley Function-Calling Leaderboard's checker (BFCL v4, Python categories).

For comparison with published figures: the rules are the checker's, quirks included. Strings lose spaces, case
and some punctuation, parallel calls are matched greedily, types are checked one level deep, and where the
possible answers have another type than the function declares, a value of theirs passes as a variable's name.
`docs/calls.md` says where `evals.scorers.calls` deliberately differs.

Source: Patil et al., The Berkeley Function Calling Leaderboard, ICML 2025, and the checker's published code.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from evals.cases.bfcl import Alternatives, Expected, Function, Line
from state.schema import Json

Arguments: TypeAlias = dict[str, Json]

TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
FOLDED = re.compile(r"[ ,./\-_*^]")


class _Type(NamedTuple):
    outer: type
    inner: type | None
    """Of the items of a list."""


def verdict(line: Line) -> str | None:
    """The checker's error type; None if the calls are valid.

    Raises:
        ValueError: a parameter is declared with a type that BFCL does not have.
    """
    if not _is_calls(line.output):
        return "ast_decoder:decoder_wrong_output_format"
    if "parallel" in line.category:
        return _parallel(line)
    kind = "multiple" if "multiple" in line.category else "simple"
    if len(line.output) != 1:
        return f"{kind}_function_checker:wrong_count"
    expected = line.possible[0]
    name = next(iter(expected)) if kind == "multiple" else line.functions[0].name
    return _call_error(line.functions, name, expected, line.output[0])


def _is_calls(output: Json) -> bool:
    return isinstance(output, list) and all(
        isinstance(call, dict) and len(call) == 1 and isinstance(next(iter(call.values())), dict)
        for call in output
    )


def _parallel(line: Line) -> str | None:
    if len(line.output) != len(line.possible):
        return "parallel_function_checker_no_order:wrong_count"
    left = list(line.output)
    for expected in line.possible:
        name = next(iter(expected))
        found = next(
            (at for at, call in enumerate(left) if not _call_error(line.functions, name, expected, call)),
            None,
        )
        if found is None:
            return "parallel_function_checker_no_order:cannot_find_match"
        del left[found]
    return None


def _call_error(
    functions: tuple[Function, ...], name: str, expected: Expected, call: dict[str, Arguments]
) -> str | None:
    function = next((one for one in functions if one.name == name), None)
    if function is None or name not in call:
        return "simple_function_checker:wrong_func_name"
    given, possible = call[name], next(iter(expected.values()))
    declared = function.parameters.properties
    if any(required not in given for required in function.parameters.required):
        return "simple_function_checker:missing_required"
    for parameter, value in given.items():
        if parameter not in declared or parameter not in possible:
            return "simple_function_checker:unexpected_param"
        if error := _value_error(declared[parameter], value, possible[parameter]):
            return error
    if any(parameter not in given and "" not in choices for parameter, choices in possible.items()):
        return "simple_function_checker:missing_optional"
    return None


def _value_error(declared: dict[str, Json], value: Json, possible: Alternatives) -> str | None:
    expected = _type(declared)
    if declared["type"] == "float" and type(value) is int:
        value = _promoted(value)
    if error := _type_error(expected, value, possible):
        return error
    if _stands_for_a_variable(expected, possible):
        return None if value in possible else "value_error:others"
    compare = _dict_list_error if expected == _Type(list, dict) else COMPARE.get(expected.outer, _other_error)
    return compare(value, possible)


def _type(declared: dict[str, Json]) -> _Type:
    try:
        outer = TYPES[declared["type"]]
        inner = TYPES[declared["items"]["type"]] if outer is list and "items" in declared else None
    except (KeyError, TypeError) as error:
        raise ValueError(f"a parameter is declared with a type that BFCL does not have: {error}") from error
    return _Type(outer, inner)


def _promoted(value: int) -> float | int:
    try:
        return float(value)
    except OverflowError:
        return value


def _first_type(possible: Alternatives) -> type | None:
    return next((type(choice) for choice in possible if choice != ""), None)


def _stands_for_a_variable(expected: _Type, possible: Alternatives) -> bool:
    first = _first_type(possible)
    return first is not None and first is not expected.outer


def _type_error(expected: _Type, value: Json, possible: Alternatives) -> str | None:
    items: Json = value
    if type(value) is expected.outer:
        if expected.inner is None or any(_items_fit(expected.inner, items, choice) for choice in possible):
            return None
        return "type_error:nested" if _first_type(possible) is list else "type_error:simple"
    return None if type(value) is _first_type(possible) else "type_error:simple"


def _items_fit(inner: type, items: list[Json], choice: Json) -> bool:
    """Whether each item has the declared type, or that of the items of this choice."""
    return not isinstance(choice, list) or not any(
        _type_error(_Type(inner, None), item, choice) for item in items
    )


def _folded(value: Json) -> Json:
    return FOLDED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value


def _folded_each(values: Json) -> list[Json]:
    return [_folded(value) for value in values] if isinstance(values, list | str | dict) else []


def _text_error(value: str, possible: Alternatives) -> str | None:
    choices = [_folded(choice) for choice in possible if isinstance(choice, str)]
    return None if _folded(value) in choices else "value_error:string"


def _list_error(value: list[Json], possible: Alternatives) -> str | None:
    choices = [_folded_each(choice) for choice in possible]
    return None if _folded_each(value) in choices else "value_error:list/tuple"


def _dict_error(value: Arguments, possible: Alternatives) -> str | None:
    """The error against the last choice, if none fits."""
    error: str | None = "dict_checker:unclear"
    for choice in possible:
        if choice != "":
            error = _fields_error(value, choice)
            if error is None:
                return None
    return error


def _fields_error(value: Json, choice: Json) -> str | None:
    if not isinstance(choice, dict) or not isinstance(value, dict):
        return "value_error:dict_key"
    if any(key not in value and "" not in _folded_each(choices) for key, choices in choice.items()):
        return "value_error:dict_key"
    for key, part in value.items():
        if key not in choice:
            return "value_error:dict_key"
        if _folded(part) not in _folded_each(choice[key]):
            return "value_error:dict_value"
    return None


def _dict_list_error(value: list[Json], possible: Alternatives) -> str | None:
    """Like `_dict_error`, item by item."""
    error: str | None = "list_dict_checker:unclear"
    for choice in possible:
        expected = choice if isinstance(choice, list) else []
        if len(value) != len(expected):
            error = "value_error:list_dict_count"
            continue
        pairs = zip(value, expected, strict=True)
        error = next((found for item, one in pairs if (found := _dict_error(item, [one]))), None)
        if error is None:
            return None
    return error


def _other_error(value: Json, possible: Alternatives) -> str | None:
    return None if value in possible else "value_error:others"


COMPARE: dict[type, Callable[[Json, Alternatives], str | None]] = {
    dict: _dict_error,
    str: _text_error,
    list: _list_error,
}
