"""Inference is sound: what a value is, and what it is made of, was known before."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from state.expression import ExpressionError, Scope, evaluate
from state.inference import Known, infer
from state.schema import check_schema, violations
from state.shape import Field, Shape, described
from state.subschema import compatible, types_of
from tests import expressions
from tests.expressions import OUTPUTS, SCHEMA, TYPED

STEPS = {"s1": "first", "s2": "second"}


def inferred(value: Any) -> tuple[Shape, list[Any]]:
    outputs = {step: described(check_schema(SCHEMA), Field(tool, "")) for step, tool in STEPS.items()}
    known = Known(outputs, each=described(expressions.ROW, Field("each", "")))
    return infer(value, known), known.found


def type_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)] if value is not None else "null"


@settings(deadline=None, max_examples=150)
@given(TYPED, OUTPUTS, OUTPUTS)
def test_a_typed_expression_passes_and_gives_what_was_inferred(value: Any, first: Any, second: Any) -> None:
    assert violations(SCHEMA, first) == []
    shape, wrong = inferred(value)
    assert wrong == []
    try:
        made = evaluate(value, Scope({"s1": first, "s2": second}, each=first["head"], nth=1))
    except ExpressionError:
        return  # as where something is null, or a text that is no time
    if made is not None:
        assert compatible(frozenset({type_of(made)}), shape.types)
        _fits(made, shape)


def _fits(made: Any, shape: Shape) -> None:
    """Every part of a value has the type that was inferred for it."""
    parts = made.items() if isinstance(made, dict) else enumerate(made) if isinstance(made, list) else ()
    for key, part in parts:
        inner = shape.part(str(key))
        assert inner is not None
        assert part is None or compatible(frozenset({type_of(part)}), inner.types)
        _fits(part, inner)


def marked(value: Any, tool: str, pointer: str, marks: dict[str, Field]) -> Any:
    """The value with a mark of its own in every text, that says which field it came from."""
    if isinstance(value, dict):
        inner = {}
        for key, part in value.items():
            escaped = key.replace("~", "~0").replace("/", "~1")
            named = "*" if pointer == "/map" else escaped
            inner[key] = marked(part, tool, f"{pointer}/{named}", marks)
        return inner
    if isinstance(value, list):
        return [marked(part, tool, f"{pointer}/*", marks) for part in value]
    if isinstance(value, str) and pointer != "/at":
        mark = f"qq{len(marks)}z"
        marks[mark] = Field(tool, pointer)
        return f"{mark} {value} {mark}"
    return value


def names(pattern: Field, one: Field) -> bool:
    """Whether an inferred field is the field, or one around it."""
    wanted, parts = pattern.pointer.split("/"), one.pointer.split("/")
    return (
        pattern.tool == one.tool
        and len(wanted) <= len(parts)
        and all(want in ("*", part) for want, part in zip(wanted, parts, strict=False))
    )


@settings(deadline=None, max_examples=200)
@given(TYPED, OUTPUTS, OUTPUTS)
def test_what_is_in_a_value_was_among_its_sources(value: Any, first: Any, second: Any) -> None:
    marks: dict[str, Field] = {}
    outputs = {
        step: marked(copy.deepcopy(one), tool, "", marks)
        for (step, tool), one in zip(STEPS.items(), (first, second), strict=True)
    }
    shape, _ = inferred(value)
    try:
        made = evaluate(value, Scope(outputs, each=outputs["s1"]["head"], nth=1))
    except ExpressionError:
        return
    said = json.dumps(made, ensure_ascii=False)
    for mark, one in marks.items():
        if mark in said:
            assert any(names(source, one) for source in shape.sources.fields)


@settings(deadline=None, max_examples=150)
@given(TYPED, OUTPUTS)
def test_a_text_of_the_plan_in_a_value_was_among_its_literals(value: Any, output: Any) -> None:
    """Every text of the plan is marked; pointers, operators and patterns are not texts that come out."""
    marks: dict[str, str] = {}
    written = _written(value, marks)
    shape, _ = inferred(written)
    try:
        made = evaluate(written, Scope({"s1": output, "s2": output}, each=output["head"], nth=1))
    except ExpressionError:
        return
    said = json.dumps(made, ensure_ascii=False)
    for mark, text in marks.items():
        if mark in said:
            assert json.dumps(text, ensure_ascii=False) in shape.sources.literals


SILENT = {"$ref", "$item", "$each", "$nth", "$match", "$get", "$shift", "$sort", "$split"}


def _written(value: Any, marks: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: part if key in SILENT else _written(part, marks) for key, part in value.items()}
    if isinstance(value, list):
        return [_written(part, marks) for part in value]
    if isinstance(value, str):
        mark = f"qq{len(marks)}z"
        marks[mark] = f"{mark} {value}"
        return marks[mark]
    return value


@given(st.sampled_from(["$first", "$last"]), st.booleans())
def test_what_may_be_missing_can_be_compared_with_null(name: str, first: bool) -> None:
    row = {name: {"$ref": "s1#/rows"}}
    pair = [None, row] if first else [row, None]
    assert inferred({"$eq": pair})[1] == []
    assert inferred({"$ne": pair})[1] == []
    assert inferred({"$lt": pair})[1] != []


def test_the_last_element_has_the_shape_of_any() -> None:
    shape, wrong = inferred({"$get": [{"$get": [{"$ref": "s1#/rows"}, -1]}, "name"]})
    assert (wrong, shape.sources.fields) == ([], {Field("first", "/rows/*/name")})
    assert shape.types == types_of([{"type": "string"}])
