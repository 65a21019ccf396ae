"""Canonical JSON: equal values have equal digests, different ones do not."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.canonical import canonical, digest, digest_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def reordered(value: object) -> object:
    if isinstance(value, dict):
        return {key: reordered(part) for key, part in reversed(value.items())}
    return [reordered(part) for part in value] if isinstance(value, list) else value


@given(JSON)
def test_the_order_of_keys_does_not_matter_and_nothing_is_lost(value: object) -> None:
    assert json.loads(canonical(value)) == value
    assert digest(reordered(value)) == digest(value)


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_different_texts_have_different_digests(one: str, other: str) -> None:
    assert (digest_text(one) == digest_text(other)) == (one == other)


def test_true_one_and_text_are_different_values() -> None:
    assert len({digest(value) for value in (True, 1, "1", [1], None, 0, False)}) == 7


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_what_json_lacks_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical(value)


@pytest.mark.parametrize("value", [{1, 2}, b"x", object()])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_another_process_computes_the_same_digest() -> None:
    value = {"b": [1, 2.5, "é\u2028"], "a": {"z": None}}
    code = f"from state.canonical import digest; print(digest({value!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest(value)
