"""References between steps: resolved as RFC 6901 says, and typed without false alarms."""

import copy
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from state.plan import Reference, Step
from state.reference import Found, mismatch, needs, references, resolve, schema_at, types_of
from state.schema import check_schema, pointer, violations
from state.unresolved import certain_violations

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
        assert resolve(args, {"s1": output}) == {"x": [part], "y": 1}
    assert output == before


@given(OUTPUTS, st.lists(KEYS | st.sampled_from(["0", "1", "-", "01", "+0", "٠"]), max_size=3))
def test_nothing_else_can(output: Any, parts: list[str]) -> None:
    found = [part for path, part in places(output) if [str(key) for key in path] == parts]
    args = {"x": {"$ref": f"s1#{pointer(parts)}"}}
    if found:
        assert resolve(args, {"s1": output}) == {"x": found[0]}
    else:
        with pytest.raises(LookupError, match=r"step 's1' has no output at"):
            resolve(args, {"s1": output})


def test_a_step_without_output_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="step 's2' has no output"):
        resolve({"$ref": "s2#"}, {"s1": 1})


def test_references_are_found_at_any_depth_with_their_way() -> None:
    args = {"a/b": [1, {"c": {"$ref": "s1#/x"}}], "d": {"$ref": "s2#"}, "e": {"$ref": "no"}}
    found = [(pointer(one.path), one.reference.step) for one in references(args)]
    assert found == [("/a~1b/1/c", "s1"), ("/d", "s2"), ("/e", "")]
    assert needs(Step(id="s3", tool="t", args=args, after=["s0"])) == {"s0", "s1", "s2", ""}


SCHEMA = {
    "type": "object",
    "properties": {
        "s": {"type": "string"},
        "n": {"type": ["number", "null"]},
        "tree": {"$ref": "#/$defs/t%20r~1ee"},
        "anchored": {"$ref": "#anchor"},
        "either": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"$ref": "#/properties/s"}]},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        "map": {"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": False},
        "any": True,
        "never": False,
    },
    "additionalProperties": False,
    "$defs": {
        "t r/ee": {
            "type": "object",
            "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/t%20r~1ee"}}},
            "additionalProperties": False,
        },
        "a": {"$anchor": "anchor", "type": "string"},
        "loop": {"anyOf": [{"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/loop"}]},
    },
}


@pytest.mark.parametrize(
    ("at", "types"),
    [
        ("/s", "string"),
        ("/n", "number null"),
        ("/tree/kids/3/kids/0", "object"),
        ("/either", "array string"),
        ("/either/0", "integer"),
        ("/pair/0", "string"),
        *[
            (at, "")
            for at in ("/x", "/s/0", "/never", "/pair/1", "/tree/kid", "/tree/kids/01", "/tree/kids/-")
        ],
    ],
)
def test_what_lies_at_a_pointer(at: str, types: str) -> None:
    assert types_of(schema_at(check_schema(SCHEMA), at)) == set(types.split())


@pytest.mark.parametrize("at", ["/any/x/0", "/map/x1", "/anchored", "/n"])
def test_what_is_not_known_may_be(at: str) -> None:
    assert schema_at(SCHEMA, at) != []


def test_schemas_that_open_without_end_come_to_an_end() -> None:
    started = time.perf_counter()
    assert schema_at({"$ref": "#/$defs/loop", **SCHEMA}, "/a") == []
    laughs = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    assert types_of(schema_at({"$ref": "#/$defs/d0", "$defs": {**laughs, "d60": {"type": "null"}}}, "")) == {
        "null"
    }
    assert time.perf_counter() - started < 1


@given(OUTPUTS)
def test_an_output_that_fits_is_never_called_a_mismatch(output: Any) -> None:
    produced = _schema_of(output)
    assert violations(produced, output) == []
    for path, part in places(output):
        for wanted in ({}, _schema_of(part), {"anyOf": [{"type": "null"}, _schema_of(part)]}):
            found = Found(("a/b~",), Reference(step="s1", pointer=pointer(path)))
            assert mismatch(found, produced, {"properties": {"a/b~": wanted}}) is None


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


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("string", "string", True),
        ("integer", "number", True),
        ("number", "integer", True),
        ("string", "integer", False),
        ("null", "string", False),
        ("boolean", "integer", False),
        ("array", "object", False),
    ],
)
def test_types_through_a_reference(given: str, wanted: str, fits: bool) -> None:
    found = Found(("x",), Reference(step="s1", pointer="/v"))
    wrong = mismatch(found, {"properties": {"v": {"type": given}}}, {"properties": {"x": {"type": wanted}}})
    assert (wrong is None) is fits
    if wrong:
        assert (wrong.path, wrong.message) == ("/x", f"gives {given} where {wanted} is needed")


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
