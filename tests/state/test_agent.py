"""The state: a misspelt key fails, a channel is emptied by None, knobs are bounded."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from state.agent import Context, appended, checked, merged


@dataclass(frozen=True)
class Misspelling:
    instructions: str = "secret instructions"

    async def __call__(self, state: dict[str, Any]) -> dict[str, Any]:
        return state


async def misspelling(state: dict[str, Any]) -> dict[str, Any]:
    return state


@pytest.mark.parametrize(("node", "name"), [(Misspelling(), "Misspelling"), (misspelling, "misspelling")])
def test_a_misspelt_key_fails_and_says_who_wrote_it(node: Any, name: str) -> None:
    with pytest.raises(KeyError, match=f"{name} wrote to channels that do not exist: .*anwser") as error:
        asyncio.run(checked(node)({"answer": None, "anwser": None}))
    assert "secret" not in str(error.value)


def test_known_keys_pass_those_of_the_input_too() -> None:
    update: dict[str, Any] = {"messages": [], "answer": None, "results": {}, "outcome": "answered"}
    assert asyncio.run(checked(misspelling)(update)) is update


@given(st.none() | st.dictionaries(st.text(), st.integers()), st.dictionaries(st.text(), st.integers()))
def test_merging_keeps_both_and_changes_neither(old: dict[str, int] | None, new: dict[str, int]) -> None:
    before = dict(old or {})
    assert merged(old, new) == before | new
    assert (old or {}) == before
    assert merged(old, None) == {}


@given(st.none() | st.lists(st.integers()), st.lists(st.integers()))
def test_appending_keeps_both_and_changes_neither(old: list[int] | None, new: list[int]) -> None:
    before = list(old or [])
    assert appended(old, new) == before + new
    assert (old or []) == before
    assert appended(old, None) == []


@pytest.mark.parametrize(
    "knob", [{"plan_retries": 11}, {"answer_retries": -1}, {"replans": 6}, {"passages": 0}, {"pasages": 3}]
)
def test_a_knob_out_of_bounds_is_refused(knob: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Context.model_validate(knob)
