"""Plans: what their JSON Schema lets through is a plan."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.plan import Plan, Step, uses
from state.schema import violations

SCHEMA = Plan.model_json_schema()


@pytest.mark.parametrize("text", ["s1#", "s1#/", "s1#/a/0", "s1#/a~0b~1c", "a_9#/é/\u2028", "s1#/a b"])
def test_a_reference_names_a_step_and_a_pointer(text: str) -> None:
    assert uses({"$ref": text}) == {text.partition("#")[0]}


@pytest.mark.parametrize(
    "text",
    ["", "s1", "#/a", "S1#/a", "s1#a", "s1#/a~2", "s1#/a~", "s1#\n", "1s#", " s1#", f"{'s' * 33}#", 1, None],
)
def test_a_malformed_reference_needs_a_step_that_nobody_has(text: Any) -> None:
    assert uses([{"$ref": text}]) == {""}


def test_a_step_needs_what_it_refers_to_anywhere_and_what_it_comes_after() -> None:
    args = {
        "a/b": [1, {"c": {"$ref": "s1#/x"}}],
        "d": {"$count": {"$ref": "s2#"}},
        "e": {"$literal": {"$ref": "x#"}},
    }
    step = Step(
        id="s9",
        tool="t",
        args=args,
        after=["s0"],
        when={"$exists": {"$ref": "s3#"}},
        for_each={"$ref": "s4#"},
    )
    assert step.needs == {"s0", "s1", "s2", "s3", "s4"}


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
