"""Expressions: every part of an output can be referred to, and types are inferred without false alarms."""

import copy
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from state.expression import ExpressionError, Scope, evaluate
from state.inference import Known, infer
from state.schema import check_schema, pointer, violations
from state.shape import NOWHERE, Field, anything, described
from state.subschema import compatible, types_of
from state.unresolved import certain_violations
from tests import expressions
from tests.expressions import ANYTHING

KEYS = st.text(st.sampled_from("a0/~.é\u2028 -$"), max_size=3)
OUTPUTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every part of a value with the way to it: the oracle."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(place for key, part in inner for place in places(part, (*path, key)))]


@given(OUTPUTS)
@example({"a/b": {"~": [{"": 1}]}, "m~n": 2, "é.\u2028": 3})
def test_every_part_of_an_output_can_be_referred_to(output: Any) -> None:
    before = copy.deepcopy(output)
    for path, part in places(output):
        args = {"x": [{"$ref": f"s1#{pointer(path)}"}], "y": 1}
        assert evaluate(args, Scope({"s1": output})) == {"x": [part], "y": 1}
    assert output == before


@given(OUTPUTS, st.lists(KEYS | st.sampled_from(["0", "1", "-", "01", "+0", "٠"]), max_size=3))
def test_nothing_else_can(output: Any, parts: list[str]) -> None:
    found = [part for path, part in places(output) if [str(key) for key in path] == parts]
    args = {"x": {"$ref": f"s1#{pointer(parts)}"}}
    if found:
        assert evaluate(args, Scope({"s1": output})) == {"x": found[0]}
    else:
        with pytest.raises(ExpressionError, match=r"step 's1' has no output at"):
            evaluate(args, Scope({"s1": output}))


def test_a_step_without_output_is_an_error() -> None:
    with pytest.raises(ExpressionError, match="step 's2' has no output"):
        evaluate({"$ref": "s2#"}, Scope({"s1": 1}))


@given(OUTPUTS)
def test_an_output_that_fits_has_the_inferred_type(output: Any) -> None:
    produced = _schema_of(output)
    assert violations(produced, output) == []
    outputs = {"s1": described(produced, Field("look", ""))}
    for path, part in places(output):
        known = Known(outputs)
        shape = infer({"$ref": f"s1#{pointer(path)}"}, known)
        assert known.found == []
        assert compatible(shape.types, types_of([_schema_of(part)]))


def _schema_of(value: Any) -> dict[str, Any]:
    """The narrowest schema of a value, as far as types go."""
    if isinstance(value, dict):
        inner = {key: _schema_of(part) for key, part in value.items()}
        return {"type": "object", "properties": inner, "additionalProperties": False}
    if isinstance(value, list):
        return {
            "type": "array",
            "prefixItems": [_schema_of(part) for part in value] or [True],
            "items": False,
        }
    names = {bool: "boolean", int: "integer", str: "string", type(None): "null"}
    return {"type": names[type(value)]}


REF = {"$ref": "s1#/v"}
LIST = {"type": "array", "items": {"type": "string"}, "maxItems": 40}


@pytest.mark.parametrize(
    ("schema", "args"),
    [
        ({"properties": {"x": {"pattern": "^a"}}}, {"x": REF}),
        ({"anyOf": [{"properties": {"x": {"type": "string"}}}, {"required": ["y"]}]}, {"x": REF}),
        ({"oneOf": [{"properties": {"x": {"type": t}}} for t in ("string", "integer")]}, {"x": REF}),
        ({"not": {"properties": {"x": {"type": "string"}}}}, {"x": REF}),
        ({"if": {"properties": {"x": {"const": 1}}}, "then": False}, {"x": REF}),
        ({"enum": [{"x": 1}]}, {"x": REF}),
        ({"properties": {"x": {"contains": {"const": 1}, "uniqueItems": True}}}, {"x": [REF, REF]}),
        ({"properties": {"x": {"type": "object", "required": ["y"]}}}, {"x": REF}),
    ],
)
def test_what_a_reference_could_cure_is_no_violation(schema: dict[str, Any], args: dict[str, Any]) -> None:
    assert certain_violations(check_schema(schema), args) == []


@pytest.mark.parametrize(
    ("schema", "args", "path"),
    [
        ({"properties": {"x": {"required": ["y"]}}}, {"x": {"z": REF}}, "/x"),
        (
            {"properties": {"x": {"additionalProperties": False, "properties": {"z": True}}}},
            {"x": {"z": REF, "b": 1}},
            "/x",
        ),
        ({"properties": {"x": {"maxItems": 1}}}, {"x": [REF, 2]}, "/x"),
        ({"properties": {"x": {"type": "string"}}}, {"x": [REF]}, "/x"),
        ({"properties": {"x": {"items": {"type": "string"}}}}, {"x": [REF, 2]}, "/x/1"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"x": REF}, ""),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"x": REF}, ""),
        ({"allOf": [{"required": ["a"]}]}, {"x": REF}, ""),
        ({"properties": {"x": False}}, {"x": {"y": REF}}, ""),  # where jsonschema sees it
        ({"properties": {"l": LIST, "x": {"maximum": 1}}}, {"l": [REF] * 40, "x": 2}, "/x"),
    ],
)
def test_what_no_reference_can_cure_is_one(schema: dict[str, Any], args: dict[str, Any], path: str) -> None:
    assert [violation.path for violation in certain_violations(check_schema(schema), args)] == [path]


HUGE = {
    "s1": {"rows": list(range(2_000)), "words": [f"w{n}" for n in range(50_000)], "text": "a" * 199_000 + "!"}
}
WORDS_, ROWS_ = {"$ref": "s1#/words"}, {"$ref": "s1#/rows"}
DOUBLED: Any = [1]
for _ in range(40):
    DOUBLED = {"$map": [[DOUBLED], [{"$item": ""}, {"$item": ""}]]}


@pytest.mark.parametrize(
    "greedy",
    [
        {"$filter": [ROWS_, {"$filter": [ROWS_, {"$eq": [{"$item": ""}, 1]}]}]},
        {"$map": [ROWS_, {"$map": [ROWS_, "x"]}]},
        {"$map": [ROWS_, [0] * 2_000]},
        {"$filter": [WORDS_, {"$in": [{"$item": ""}, WORDS_]}]},
        {"$filter": [WORDS_, {"$contains": [{"$ref": "s1#/text"}, {"$item": ""}]}]},
        {"$filter": [WORDS_, {"$eq": [WORDS_, WORDS_]}]},
        {"$map": [WORDS_, {"$lower": {"$ref": "s1#/text"}}]},
        {"$map": [WORDS_, {"$text": [{"$ref": "s1#/text"}, {"$item": ""}]}]},
        {"$map": [WORDS_, {"$count": {"$split": [{"$ref": "s1#/text"}, "a"]}}]},
        {"$map": [WORDS_, {"$unique": ROWS_}]},
        {"$join": [{"$map": [WORDS_, {"$ref": "s1#/text"}]}, ""]},
        {"$text": {"$map": [WORDS_, {"$ref": "s1#/text"}]}},
        {"$flat": {"$map": [WORDS_, WORDS_]}},
        {"$map": [WORDS_, {"$ref": "s1#"}]},
        {"$group": [WORDS_, {"$ref": "s1#"}]},
        {"$not": {"$exists": {"$map": [ROWS_, {"$map": [ROWS_, "x"]}]}}},
        {"$filter": [WORDS_, {"$match": [{"$ref": "s1#/text"}, "(a?){20}b"]}]},
        {"$match": [{"$ref": "s1#/text"}, "(a|aa)+$"]},
        DOUBLED,
    ],
    ids=lambda greedy: str(greedy)[:50],
)
def test_time_and_memory_are_bounded(greedy: Any) -> None:
    started = time.perf_counter()
    with pytest.raises(ExpressionError):
        evaluate(greedy, Scope(HUGE))
    assert time.perf_counter() - started < 8


def test_ordinary_work_on_a_long_list_is_not_too_much() -> None:
    known = [f"w{n}" for n in range(0, 500, 2)]
    few = {"$take": [WORDS_, 2_000]}
    assert len(evaluate({"$filter": [few, {"$in": [{"$item": ""}, known]}]}, Scope(HUGE))) == 250


@pytest.mark.parametrize("depth", [200, 5_000])
@pytest.mark.parametrize("wrap", [lambda x: {"$not": x}, lambda x: [x], lambda x: {"$first": [x]}])
def test_what_is_nested_too_deep_is_an_error(depth: int, wrap: Any) -> None:
    value: Any = True
    for _ in range(depth):
        value = wrap(value)
    try:
        evaluate(value, Scope({}))
    except ExpressionError:
        return
    assert depth == 200


def test_reviewing_nested_expressions_takes_linear_time() -> None:
    nests = [
        lambda x: {"$text": [x, "a"]},
        lambda x: {"$eq": [{"$lt": [{"$count": [x]}, 1]}, True]},
        lambda x: {"$map": [[x], [{"$item": ""}, {"$item": ""}]]},
        lambda x: {"$map": [[x], {"a": [{"$item": "/a"}, {"$item": "/a/0"}], "b": {"$item": ""}}]},
        lambda x: {"$if": [True, x, {"$if": [True, x, "a"]}]} if x == "a" else {"$if": [True, x, "a"]},
    ]
    started = time.perf_counter()
    for nest in nests:
        value: Any = "a"
        for _ in range(30):
            value = nest(value)
        assert infer(value, Known({})).types
    assert time.perf_counter() - started < 3


@settings(deadline=None, max_examples=400)
@given(ANYTHING, expressions.OUTPUTS, expressions.OUTPUTS)
def test_evaluating_fails_in_one_way_changes_nothing_and_gives_the_same_again(
    value: Any, first: Any, second: Any
) -> None:
    outputs = {"s1": first, "s2": second}
    before = copy.deepcopy((value, outputs))
    found = []
    for _ in range(2):
        try:
            found.append(evaluate(value, Scope(outputs, each=first["head"], nth=1)))
        except ExpressionError as error:
            found.append(str(error))
    assert found[0] == found[1]
    assert (value, outputs) == before
    known = Known({"s1": anything(NOWHERE)}, each=anything(NOWHERE))
    infer(value, known)  # review reads anything, too
