"""Operators: each one of the page is in the code, and computes what the page says."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.expression import OPERATORS, ExpressionError, Scope, evaluate
from state.inference import SIGNATURES, SPECIAL, Known, infer
from state.settings import PROJECT
from state.shape import NOWHERE, anything, literal

ROWS = [{"n": 2, "k": "b"}, {"n": 1, "k": "a"}, {"n": 2, "k": "a"}]
OUTPUTS = {"s1": {"rows": ROWS, "none": [], "text": "Bill 42 of May, bill 43", "when": "2026-02-28"}}
R: dict[str, Any] = {"$ref": "s1#/rows"}
N, K = {"$item": "/n"}, {"$item": "/k"}
EMPTY = {"$ref": "s1#/none"}

EXAMPLES: dict[str, list[tuple[Any, Any]]] = {
    "$ref": [("s1#/rows/0/n", 2), ("s1#/none", [])],
    "$each": [("/a", 7), ("", {"a": 7}), ("/b", None)],
    "$nth": [(1, 4), (0, 3)],
    "$item": [],  # below, inside the list operators
    "$literal": [({"$ref": "s1#"}, {"$ref": "s1#"}), (5, 5)],
    "$get": [
        ([R, 0], ROWS[0]),
        ([R, -1], ROWS[2]),
        ([R, 9], None),
        ([None, "a"], None),
        ([{"$get": [R, 1]}, "k"], "a"),
    ],
    "$text": [(["No. ", 3, "/", 2.5], "No. 3/2.5"), ([9007199254740993], "9007199254740993"), ([1.0], "1")],
    "$join": [([["a", 1], ", "], "a, 1"), ([EMPTY, "-"], "")],
    "$lower": [("ÀB", "àb")],
    "$split": [(["a, b", ", "], ["a", "b"])],
    "$match": [
        ([{"$ref": "s1#/text"}, "[Bb]ill ([0-9]+)"], "42"),
        ([{"$ref": "s1#/text"}, "[0-9]+"], "42"),
        (["x", "y"], None),
        (["ab", "a(c)?"], None),
    ],
    "$number": [("12.50", 12.5), (" 7 ", 7), ("7 EUR", None), ("NaN", None), ("1e999", None)],
    "$add": [([0.1, 0.2], 0.3), ([1, 2, 3], 6)],
    "$sub": [([0.3, 0.1], 0.2), ([100, 1, 0.01], 98.99)],
    "$mul": [([1.1, 3], 3.3)],
    "$div": [([1, 4], 0.25), ([6, 3], 2)],
    "$round": [([2.675, 2], 2.68), ([-0.5, 0], -1), ([1250], 1250), ([1250, -2], 1300), ([0.5, 40], 0.5)],
    "$count": [(R, 3), (EMPTY, 0)],
    "$sum": [([0.1, 0.2], 0.3), (EMPTY, 0)],
    "$filter": [([R, {"$eq": [N, 2]}], [ROWS[0], ROWS[2]])],
    "$map": [([R, K], ["b", "a", "a"]), ([R, "x"], ["x", "x", "x"])],
    "$sort": [([R, N, "desc", K, "asc"], [ROWS[2], ROWS[0], ROWS[1]]), ([R, N], [ROWS[1], ROWS[0], ROWS[2]])],
    "$min": [([R, N], ROWS[1]), ([EMPTY, N], None)],
    "$max": [([R, N], ROWS[0])],
    "$first": [(R, ROWS[0]), (EMPTY, None)],
    "$last": [(R, ROWS[2]), (EMPTY, None)],
    "$take": [([R, 2], ROWS[:2]), ([R, -1], []), ([R, 10**18], ROWS)],
    "$flat": [([[1], [], [2, 3]], [1, 2, 3])],
    "$unique": [([1, "1", 1.0, True, [1], [1.0]], [1, "1", True, [1]])],
    "$except": [([[1, 2, {"a": 3}], [2.0, {"a": 3.0}]], [1])],
    "$group": [
        (
            [R, N],
            [{"key": 2, "items": [ROWS[0], ROWS[2]]}, {"key": 1, "items": [ROWS[1]]}],
        )
    ],
    "$entries": [({"b": 1, "a": 2}, [{"key": "b", "value": 1}, {"key": "a", "value": 2}])],
    "$shift": [
        ([{"$ref": "s1#/when"}, {"days": 1}], "2026-03-01"),
        (["2026-02-28", {"hours": 25}], "2026-03-01T01:00"),
        (["2026-05-15 10:00", {"minutes": 30}], "2026-05-15 10:30"),
        (["2026-05-15T10:00:05", {"hours": -11}], "2026-05-14T23:00:05"),
        (["2026-05-15T10:00:05.250Z", {"days": 1, "hours": 2, "minutes": 30}], "2026-05-16T12:30:05.250Z"),
        (["2026-05-15T10:00Z", {"days": 0}], "2026-05-15T10:00Z"),
        (["2026-05-15T10:00:00+02:00", {"minutes": 1}], "2026-05-15T10:01:00+02:00"),
    ],
    "$minutes": [(["2026-05-15T10:00", "2026-05-15T11:30"], 90), (["2026-05-15", "2026-05-14"], -1440)],
    "$if": [([True, 1, {"$ref": "s9#"}], 1), ([False, 1, 2], 2)],
    "$eq": [([1, 1.0], True), ([1, True], False), ([{"a": [1]}, {"a": [1.0]}], True), ([None, None], True)],
    "$ne": [([1, 2], True)],
    "$lt": [([1, 2], True), (["a", "b"], True)],
    "$le": [([2, 2.0], True)],
    "$gt": [([10, 9], True), (["10", "9"], False)],
    "$ge": [([1, 2], False)],
    "$in": [([1, [2, 1.0]], True), (["a", ["A"]], False)],
    "$contains": [(["A Bill", "bill"], True), ([[1], 1.0], True), ([["a"], "A"], False)],
    "$starts": [(["Bill", "bI"], True)],
    "$and": [([True, True], True), ([False, {"$ref": "s9#"}], False)],
    "$or": [([False, True], True), ([True, {"$ref": "s9#"}], True)],
    "$not": [(False, True)],
    "$exists": [({"$ref": "s1#/text"}, True), ({"$ref": "s1#/no"}, False), ({"$first": EMPTY}, False)],
}


def documented() -> set[str]:
    page = (PROJECT / "docs" / "plans.md").read_text(encoding="utf-8").partition("## Expressions")[2]
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    return {name for cell in cells for name in re.findall(r"\$[a-z]+", cell)}


def test_the_page_the_code_the_types_and_these_examples_have_the_same_operators() -> None:
    assert documented() == set(OPERATORS) == SPECIAL.keys() | SIGNATURES.keys() == set(EXAMPLES)


@pytest.mark.parametrize(
    ("name", "operand", "value"),
    [(name, operand, value) for name, cases in EXAMPLES.items() for operand, value in cases],
)
def test_an_operator_computes_what_the_page_says(name: str, operand: Any, value: Any) -> None:
    made = evaluate({name: operand}, Scope(OUTPUTS, each={"a": 7}, nth=3))
    assert (made, type(made)) == (value, type(value))


@pytest.mark.parametrize(
    "broken",
    [
        {"$nth": True},
        {"$nth": "1"},
        {"$item": ""},
        {"$filter": [R, True, True]},
        {"$map": [R]},
        {"$map": [1, 2]},
        {"$group": [R, K, K]},
        {"$filter": [R, 1]},
        {"$sort": [R, N, "down"]},
        {"$sort": [R, {"$if": [{"$eq": [N, 1]}, "x", N]}]},
        {"$add": []},
        {"$add": ["1", 2]},
        {"$add": [True, 1]},
        {"$div": [1, 0]},
        {"$mul": [1e300, 1e300]},
        {"$round": [1.5, "1"]},
        {"$round": [1.5, True]},
        {"$round": [1.5, 0.5]},
        {"$round": [1.5, -(10**9)]},
        {"$take": [R, 1.5]},
        {"$get": [R, 0.5]},
        {"$get": [R, "0"]},
        {"$get": [{"$get": [R, 0]}, 0]},
        {"$shift": ["2026-02-30", {"days": 1}]},
        {"$shift": ["20260215", {"days": 1}]},
        {"$shift": ["2026-02-15", {"days": 10**18}]},
        {"$shift": ["2026-02-15", {"weeks": 1}]},
        {"$shift": ["2026-02-15", 1]},
        {"$minutes": ["2026-05-15T10:00Z", "2026-05-15T10:00"]},
        {"$match": ["a", "("]},
        {"$match": ["a"]},
        {"$split": ["a", ""]},
        {"$lt": [1, "1"]},
        {"$lt": [None, 1]},
        {"$in": [1, "1"]},
        {"$flat": [1]},
        {"$text": [None]},
        {"$text": [True]},
        {"$join": ["ab", ""]},
        {"$if": [1, 2, 3]},
        {"$and": [1]},
        {"$unknown": 1},
        {"$add": [1], "$sub": [1]},
        {"$ref": 5},
        {"$ref": ["s1#"]},
    ],
)
def test_what_has_no_value_is_an_error_that_is_typed(broken: Any) -> None:
    with pytest.raises(ExpressionError):
        evaluate(broken, Scope(OUTPUTS))


CENTS = st.integers(-(10**12), 10**12)


@given(st.lists(CENTS, min_size=2, max_size=5))
def test_sums_of_amounts_are_exact(cents: list[int]) -> None:
    total = evaluate({"$add": [cent / 100 for cent in cents]}, Scope({}))
    assert total == sum(cents) / 100
    assert evaluate({"$sum": [cent / 100 for cent in cents]}, Scope({})) == total


@given(st.integers(-(2**63), 2**64 - 1))
def test_a_long_number_is_not_rounded_where_it_is_only_shown_or_compared(number: int) -> None:
    scope = Scope({"s": [number, number - 1]})
    assert evaluate({"$text": [{"$ref": "s#/0"}]}, scope) == str(number)
    assert evaluate({"$max": [{"$ref": "s#"}, {"$item": ""}]}, scope) == number
    assert evaluate({"$eq": [{"$ref": "s#/0"}, {"$ref": "s#/1"}]}, scope) is False


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"$ref"}))
def test_the_examples_pass_review(name: str) -> None:
    anyhow = {"s1": anything(NOWHERE)}
    for operand, _ in EXAMPLES[name]:
        if "s9" in str(operand) or "None" in str(operand) or name in ("$get", "$unique", "$eq", "$except"):
            continue
        known = Known(anyhow, each=anything(NOWHERE))
        shape = infer({name: operand}, known)
        assert known.found == []
        assert shape.types


def test_a_literal_that_an_operator_hides_is_still_a_source() -> None:
    known = Known({}, each=literal(1))
    keys = infer({"$get": [{"$first": {"$entries": {"GB29": 1}}}, "key"]}, known)
    assert '"GB29"' in keys.sources.literals
    assert infer({"$nth": 500}, known).sources.literals == {"500"}
