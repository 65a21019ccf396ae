import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evals.cases.comparators import DEFINITIONS, READERS, arguments, check, matcher
from state.canonical import sameness
from state.errors import UsageError

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 2.5])
    | st.text("ab$", max_size=2)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
EXPECTED = Draft202012Validator({"$ref": "#/$defs/expected", "$defs": DEFINITIONS})


def fits(expected: Any, value: Any) -> bool:
    return matcher(expected).mismatch(value) is None


@given(values, values)
def test_plain_values_compare_as_json(one: Any, other: Any) -> None:
    assert fits(one, other) == (sameness(one) == sameness(other))
    assert fits(one, json.loads(json.dumps(one)))
    assert fits({"$exact": one}, other) == fits(one, other)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (1, 1.0),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}),
        ({"$exact": {"$ref": "s1"}}, {"$ref": "s1"}),
        ({"$one_of": ["x", {"$regex": "^B-\\d+$"}]}, "B-12"),
        ({"$regex": "(a)|b"}, "b"),
        ({"$number": {"value": 5, "tolerance": 0.03}}, 5.03),
        ({"$number": {"value": 200, "relative": 0.1}}, 220),
        ({"$number": {"value": 1}}, 1.0),
        ({"$set": [1, 2, 2]}, [2, 1.0, 2]),
        ({"$set": [{"$regex": "a"}, {"$regex": "^ab$"}]}, ["ab", "ba"]),
        ({"$text": "New  York"}, " new york\n"),
        ({"$schema": {"type": "integer", "minimum": 3}}, 3),
        ({"$ignore": True}, [None]),
        ({"a": [{"$ignore": True}], "b": {"$optional": 1}}, {"a": [{}]}),
        ({"a": {"$one_of": [1, {"$optional": 2}]}}, {}),
    ],
)
def test_what_fits(expected: Any, value: Any) -> None:
    assert matcher(expected).mismatch(value) is None


@pytest.mark.parametrize(
    ("expected", "value", "why"),
    [
        (1, True, "expected 1, got true"),
        (0, False, "expected 0, got false"),
        ("1", 1, 'expected "1", got 1'),
        ([1, [2, {"a": 3}]], [1, [2, {"a": True}]], "/1/1/a: expected 3, got true"),
        ({"a/b": 1}, {"a/b": 2}, "/a~1b: expected 1, got 2"),
        ({"a": 1}, {}, "/a: expected 1, got nothing"),
        ({}, {"a": 1}, "/a: expected nothing, got 1"),
        ([1], [1, 2], "/1: expected nothing, got 2"),
        ([1, 2], [1], "/1: expected 2, got nothing"),
        ({"a": [{"$regex": "x"}]}, {"a": ["y"]}, "/a/0: expected a text that matches 'x', got \"y\""),
        ({"$regex": "^a$"}, "a\n", "expected a text that matches '^a$', got \"a\\n\""),
        ({"$regex": "1"}, 1, "expected a text that matches '1', got 1"),
        ({"$number": {"value": 5, "tolerance": 0.03}}, 5.031, "expected 5 ± 0.03, got 5.031"),
        ({"$number": {"value": 1}}, True, "expected 1 ± 0, got true"),
        ({"$number": {"value": 1}}, "1", 'expected 1 ± 0, got "1"'),
        ({"$set": [1, 2, 2]}, [1, 1, 2], "/1: expected nothing, got 1"),
        ({"$set": [1, 2]}, [1], "/1: expected 2, got nothing"),
        ({"$set": [1, True]}, [1, 1], "/1: expected nothing, got 1"),
        ({"$one_of": [1, 2]}, 3, "expected one of 1, 2, got 3"),
        ({"$one_of": [{"a": 1}]}, {"a": 2}, "/a: expected 1, got 2"),
        ({"$schema": {"properties": {"a": {"type": "null"}}}}, {"a": 1}, "(/a: 1 is not of type 'null')"),
        ({"a": {"$optional": 1}}, {"a": 2}, "/a: expected 1, got 2"),
    ],
)
def test_what_does_not_fit_says_where(expected: Any, value: Any, why: str) -> None:
    assert why in str(matcher(expected).mismatch(value))


@given(st.lists(values, max_size=5), st.randoms(use_true_random=False))
def test_a_set_has_no_order(items: list[Any], chance: random.Random) -> None:
    mixed = chance.sample(items, len(items))
    assert fits({"$set": items}, mixed)
    assert fits({"$set": [{"$one_of": [item]} for item in items]}, mixed)


def test_any_number_can_be_asked_about() -> None:
    for value in (float("nan"), float("inf"), 10**400, 10**5000, -0.0, "x", None):
        found = matcher({"$number": {"value": 0, "tolerance": 1}}).mismatch(value)
        assert (found is None) == (value == 0)
        assert found is None or "expected 0 ± 1" in str(found)


def test_a_pattern_that_takes_too_long_does_not_fit() -> None:
    found = matcher({"$regex": "(a|aa)+$"}).mismatch("a" * 200 + "b")
    assert "too long" in str(found)


def test_a_deep_value_is_compared() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert "expected 1, got" in str(matcher({"a": 1}).mismatch({"a": deep}))


def test_more_arguments() -> None:
    assert arguments({"a": 1}, more=True).mismatch({"a": 1, "b": 2}) is None
    assert str(arguments({"a": 1}).mismatch({"a": 1, "b": 2})) == "/b: expected nothing, got 2"
    assert arguments({"a": 1, "b": 2, "c": {"$ignore": True}}).agreeing({"a": 1, "b": 3}) == 2
    assert str(arguments({"a": 1}).mismatch('{"a": 1')) == 'expected an object with a, got "{\\"a\\": 1"'


@pytest.mark.parametrize(
    ("expected", "path", "message"),
    [
        ({"a": [{"$foo": 1}]}, "/a/0", "$foo is no comparator"),
        ({"$regex": "a", "$ignore": True}, "", "the only key"),
        ({"$ref": "x", "b": 1}, "", "the only key"),
        ({"$regex": "("}, "/$regex", "missing )"),
        ({"$regex": 1}, "/$regex", "no text"),
        ({"$number": 5}, "/$number", "give an object"),
        ({"$number": {"value": 5, "abs": 1}}, "/$number", "give an object"),
        ({"$number": {"value": True}}, "/$number/value", "give a number."),
        ({"$number": {"value": 1, "tolerance": -1}}, "/$number/tolerance", "at least 0"),
        ({"$one_of": []}, "/$one_of", "at least one"),
        ({"$one_of": [1, {"$x": 1}]}, "/$one_of/1", "$x is no comparator"),
        ({"$set": 1}, "/$set", "give a list"),
        ({"$set": [{"$ignore": True}] * 101}, "/$set", "at most 100"),
        ({"$schema": {"type": "objekt"}}, "/$schema", "JSON Schema is invalid"),
        ({"$schema": {"$ref": "http://x/y"}}, "/$schema", "not inside it"),
        ({"$ignore": 1}, "/$ignore", "give true"),
        ({"$text": 1}, "/$text", "give a text"),
        ({"a": float("nan")}, "", "NaN"),
    ],
)
def test_a_mistake_is_found_with_its_place(expected: Any, path: str, message: str) -> None:
    (violation,) = check(expected)
    assert violation.path == path
    assert message in violation.message
    if path:
        with pytest.raises(UsageError, match=r"\."):
            matcher(expected)


@given(values | st.builds(lambda key, value: {key: value}, st.sampled_from([*READERS, "$x", "a"]), values))
def test_the_schema_of_comparators_lets_pass_what_check_lets_pass(expected: Any) -> None:
    if not check(expected):
        assert EXPECTED.is_valid(expected)


def test_the_schema_names_every_comparator() -> None:
    assert DEFINITIONS["comparator"]["properties"].keys() == READERS.keys()
    Draft202012Validator.check_schema(EXPECTED.schema)
