"""Drafts: the caller's schema stands inside ours and means the same."""

from typing import Any

import pytest

from state.draft import draft_schema
from state.schema import check_schema, violations

DEFS = {"$defs": {"days": {"type": "integer", "minimum": 1}}, "required": ["days"]}


def draft(**more: Any) -> dict[str, Any]:
    return {"claims": [], "missing": None, **more}


@pytest.mark.parametrize(
    "schema",
    [
        {**DEFS, "properties": {"days": {"$ref": "#/$defs/days"}}},
        {
            **DEFS,
            "properties": {"days": {"$ref": "d"}},
            "$id": "https://a.example/",
            "$defs": {"d": {"$id": "d", "minimum": 1}},
        },
        {**DEFS, "properties": {"days": {"$ref": "#d"}}, "$defs": {"d": {"$anchor": "d", "minimum": 1}}},
        {
            **DEFS,
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {"days": {"$ref": "#/$defs/days"}},
        },
        {
            **DEFS,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {"days": {"$ref": "#/$defs/days"}},
        },
    ],
)
def test_references_of_the_callers_schema_stay_its_own(schema: dict[str, Any]) -> None:
    whole = draft_schema(check_schema(schema))
    assert violations(whole, draft(data={"days": 1})) == []
    assert [v.path for v in violations(whole, draft(data={"days": 0}))] == ["/data/days"]
    assert [v.path for v in violations(whole, draft())] == [""]


def test_a_schema_that_names_its_dialect_is_read_and_bounded_like_any_other() -> None:
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a|a)*$"}
    [violation] = violations(draft_schema(named), draft(data="a" * 60 + "!"))
    assert "takes too long" in violation.message


def test_without_a_schema_there_is_no_data() -> None:
    assert violations(draft_schema(None), draft()) == []
    assert violations(draft_schema(None), draft(data=1)) != []


def test_the_callers_schema_is_not_changed() -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}
    draft_schema(schema)
    assert schema.keys() == {"$schema", "type"}
