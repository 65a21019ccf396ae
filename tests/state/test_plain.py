"""Plain values: what a checkpoint can hold, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from state.plain import MAX_DEPTH, not_plain

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@given(ANY)
def test_a_checkpoint_gives_back_every_plain_value(value: object) -> None:
    if not_plain(value) is None:
        serializer = JsonPlusSerializer()
        assert serializer.loads_typed(serializer.dumps_typed(value)) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": [float("nan")]}, "NaN"),
        (-float("inf"), "infinity"),
        (2**64, "64 bits"),
        (["\ud800"], "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({1: 2}, "not a string"),
        ((1, 2), "tuple"),
        (b"x", "bytes"),
        (datetime.now(UTC), "datetime"),
        (nested(MAX_DEPTH + 1), "levels deep"),
        (nested(50_000), "levels deep"),
    ],
)
def test_what_is_not_plain_is_named(value: object, why: str) -> None:
    assert why in (not_plain(value) or "")


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "levels deep" in (not_plain(loop) or "")


def test_the_deepest_and_the_biggest_are_plain() -> None:
    assert not_plain([nested(MAX_DEPTH - 1), 2**64 - 1, -(2**63), True, None, "\U0001f600"]) is None
