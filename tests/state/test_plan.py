"""Plans: what their JSON Schema lets through is a plan."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.plan import Plan, reference
from state.schema import violations

SCHEMA = Plan.model_json_schema()


@pytest.mark.parametrize("text", ["s1#", "s1#/", "s1#/a/0", "s1#/a~0b~1c", "a_9#/é/\u2028", "s1#/a b"])
def test_a_reference_names_a_step_and_a_pointer(text: str) -> None:
    found = reference({"$ref": text})
    assert found is not None
    assert f"{found.step}#{found.pointer}" == text


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": text}
        for text in (
            "",
            "s1",
            "#/a",
            "S1#/a",
            "s1#a",
            "s1#/a~2",
            "s1#/a~",
            "s1#\n",
            "1s#",
            " s1#",
            f"{'s' * 33}#",
        )
    ]
    + [{"$ref": 1}, {"$ref": None}, {"$ref": ["s1#"]}, {"$ref": "s1#/a", "default": 1}],
)
def test_a_malformed_reference_is_neither_a_reference_nor_a_literal(value: Any) -> None:
    found = reference(value)
    assert found is not None
    assert found.step == ""


@pytest.mark.parametrize("value", ["s1#/a", 1, None, [], {}, {"ref": "s1#"}, [{"$ref": "s1#"}]])
def test_everything_else_is_a_literal(value: Any) -> None:
    assert reference(value) is None


ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["s1", "s1\n", "S1", "", "s" * 33, "é", "\ud800", "x" * 501, 1, None, True, [], {}]
)
STEPS = st.fixed_dictionaries(
    {"id": ODD | st.just("s1"), "tool": ODD},
    optional={
        "args": ODD | st.dictionaries(st.text(max_size=2), ODD, max_size=2),
        "after": ODD | st.lists(ODD, max_size=2),
        "why": ODD,
        "extra": ODD,
    },
)


@given(st.fixed_dictionaries({"steps": st.lists(STEPS, max_size=2)}) | STEPS)
def test_what_passes_the_schema_can_be_read(value: Any) -> None:
    if not violations(SCHEMA, value):
        assert Plan.model_validate(value).model_dump(exclude_unset=True) == value
