"""JSON Schema: full draft 2020-12, formats checked, nothing fetched, time bounded, nothing raised."""

import time
from typing import Any

import pytest
import regex  # type: ignore[import-untyped]  # it has no stubs
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from state.errors import UsageError
from state.keywords import FORMATS, MATCH_SECONDS
from state.schema import MAX_VIOLATIONS, check_schema, violations

FORMATS_CHECKED = {
    "date": ("2026-02-28", "2026-02-29"),
    "date-time": ("2026-11-20T10:00:00Z", "2026-11-20 10:00"),
    "time": ("10:00:00Z", "25:00:00Z"),
    "duration": ("P1DT2H", "1 day"),
    "email": ("a@b.example", "a.b.example"),
    "idn-email": ("é@b.example", "é"),
    "hostname": ("a.example", "-a-.example"),
    "idn-hostname": ("bücher.example", "a..b"),
    "ipv4": ("127.0.0.1", "127.0.0.256"),
    "ipv6": ("::1", ":::1"),
    "uri": ("https://a.example/b?c#d", "/b"),
    "uri-reference": ("/b", "\\b"),
    "uri-template": ("/b/{c}", "/b/{c"),
    "uuid": ("2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380"),
    "json-pointer": ("/a~1b", "a"),
    "relative-json-pointer": ("1/a", "-1/a"),
    "regex": (r"^\p{L}+$", "("),
}


def paths(schema: dict[str, Any], value: object) -> list[str]:
    return [violation.path for violation in violations(schema, value)]


@pytest.mark.parametrize("name", FORMATS_CHECKED)
def test_each_format_is_checked(name: str) -> None:
    good, bad = FORMATS_CHECKED[name]
    assert violations({"format": name}, good) == []
    assert paths({"properties": {"a": {"format": name}}}, {"a": bad}) == ["/a"]


def test_every_format_of_the_draft_is_checked_but_two() -> None:
    assert set(FORMATS.checkers) == set(FORMATS_CHECKED)
    assert violations({"items": {"format": "iri"}}, ["not an iri"]) == []


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMATS_CHECKED)), st.text(max_size=80))
def test_no_text_makes_a_format_raise(name: str, text: str) -> None:
    violations({"format": name}, text)


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/x", "file:///etc/passwd", "other.json", "urn:x:y"])
def test_nothing_is_fetched(target: str) -> None:
    schema = {"properties": {"a": {"$ref": target}}}
    [violation] = violations(schema, {"a": 1})
    assert "cannot be validated" in violation.message
    with pytest.raises(UsageError, match="nothing is fetched"):
        check_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/none"},
        {"$ref": "#none"},
        {"$ref": "#/~2"},
        {"$dynamicRef": "http://127.0.0.1:1/x"},
        {"anyOf": [{"items": {"$ref": "#/$defs/none"}}]},
        {"type": "nonsense"},
        {"properties": 3},
        {"pattern": "("},
        {"multipleOf": 0},
        {"minimum": float("nan")},
        {"const": "\ud800"},
        {"$ref": "#/x", "x": {"type": "nonsense"}},
        {"$ref": "#/x", "x": {"$ref": "#/y"}, "y": {"pattern": "("}},
        {"$ref": "#/x", "x": 5},
        {"items": {"$schema": "http://json-schema.org/draft-04/schema#"}},
        {"$ref": "https://json-schema.org/none"},
        [],
        True,
        None,
        "{}",
    ],
)
def test_a_schema_that_cannot_be_used_is_said_with_the_way_out(schema: Any) -> None:
    with pytest.raises(UsageError) as error:
        check_schema(schema)
    assert error.value.way_out


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"$ref": "#node", "$defs": {"n": {"$anchor": "node", "type": "object"}}},
        {"$id": "https://a.example/s", "$ref": "t", "$defs": {"t": {"$id": "t", "type": "object"}}},
        {"properties": {"$ref": {"const": {"$ref": "not a reference"}}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
        {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "object"}}},
    ],
)
def test_references_inside_a_schema_resolve(schema: dict[str, Any]) -> None:
    assert violations(check_schema(schema), {}) == []


def test_recursive_schemas() -> None:
    tree = {
        "$ref": "#/$defs/node",
        "$defs": {"node": {"properties": {"kids": {"items": {"$ref": "#/$defs/node"}}}, "required": ["id"]}},
    }
    assert paths(tree, {"id": 1, "kids": [{"id": 2}, {"kids": []}]}) == ["/kids/1"]
    assert "recursion" in violations(check_schema({"$ref": "#"}), 1)[0].message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "\ud800", {1: 2}, object()])
@pytest.mark.parametrize("schema", [{}, {"multipleOf": 0.1}, {"type": "number", "maximum": 1}])
def test_what_is_not_plain_json_is_a_violation(schema: dict[str, Any], value: object) -> None:
    assert paths(schema, value) == [""]


def test_paths_are_json_pointers() -> None:
    schema = {"additionalProperties": {"additionalProperties": {"type": "integer"}}}
    assert paths(schema, {"a/b~c": {"é.\n": "x", "": 1.5}}) == ["/a~1b~0c/", "/a~1b~0c/é.\n"]


def test_violations_are_capped_in_number_and_length() -> None:
    found = violations({"items": {"type": "string"}}, [["x" * 10_000]] * 10_000)
    assert len(found) == MAX_VIOLATIONS
    assert max(len(violation.message) for violation in found) <= 300


@pytest.mark.parametrize("keyword", ["pattern", "patternProperties", "propertyNames", "additionalProperties"])
def test_a_catastrophic_pattern_ends(keyword: str) -> None:
    pattern, text = "^(a|a)*$", "a" * 60 + "!"
    schema = {
        "pattern": {"items": {"pattern": pattern}},
        "patternProperties": {"items": {"patternProperties": {pattern: True}}},
        "propertyNames": {"items": {"propertyNames": {"pattern": pattern}}},
        "additionalProperties": {
            "items": {"additionalProperties": False, "patternProperties": {pattern: True}}
        },
    }[keyword]
    started = time.perf_counter()
    [violation] = violations(check_schema(schema), [text if keyword == "pattern" else {text: 1}] * 1000)
    assert "takes too long" in violation.message
    assert time.perf_counter() - started < 10 * MATCH_SECONDS


def test_a_machine_that_stands_still_during_a_match_is_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, stalls = regex.compile, iter([True, False])

    class Stalling:
        def __init__(self, pattern: str) -> None:
            self._pattern = compiled(pattern)

        def search(self, text: str, timeout: float) -> Any:
            if next(stalls):
                raise TimeoutError
            return self._pattern.search(text, timeout=timeout)

    monkeypatch.setattr(regex, "compile", Stalling)
    assert violations(check_schema({"pattern": "^WR-[0-9]{4}, please$"}), "WR-1048, please") == []


def test_a_schema_that_names_its_dialect_is_bounded_all_the_same() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "items": {"$ref": "#"},
        "pattern": "^(a|a)*$",
    }
    [violation] = violations(check_schema(schema), ["a" * 60 + "!"])
    assert "takes too long" in violation.message


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^[a-z]+$", "abc", "abc\n"),
        (r"^a\$$", "a$", "a"),
        ("^[$]$", "$", ""),
        (r"^[\]$]$", "$", "a"),
        (r"^\p{Lu}", "É", "é"),
        ("b", "abc", "ac"),
    ],
)
def test_patterns_mean_what_they_mean_in_ecma_262(pattern: str, good: str, bad: str) -> None:
    assert violations(check_schema({"pattern": pattern}), good) == []
    assert len(violations({"pattern": pattern}, bad)) == 1


def test_pattern_properties_leave_the_rest_to_additional_properties() -> None:
    schema = {
        "properties": {"a": True},
        "patternProperties": {"^x": {"type": "integer"}},
        "additionalProperties": False,
    }
    assert violations(schema, {"a": 1, "x1": 1}) == []
    assert paths(schema, {"x1": "1"}) == ["/x1"]
    assert "'b' was unexpected" in violations(schema, {"b": 1, "x1": 1})[0].message
    assert paths({**schema, "additionalProperties": {"type": "null"}}, {"b": 1}) == ["/b"]


VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6))
def test_unique_items_agrees_with_jsonschema(value: list[Any]) -> None:
    schema = {"uniqueItems": True}
    assert bool(violations(schema, value)) is not Draft202012Validator(schema).is_valid(value)


def test_a_big_value_is_validated_in_bounded_time() -> None:
    value = [{"id": number, "name": f"n{number}"} for number in range(50_000)]
    started = time.perf_counter()
    assert violations({"uniqueItems": True}, value) == []
    assert len(violations({"items": {"type": "string"}}, value)) == MAX_VIOLATIONS
    assert time.perf_counter() - started < 10
