"""Decisions on the command line: each step has one, and what cannot be read is said."""

import pytest

from app.decisions import decided
from state.errors import UsageError


def test_each_kind_of_decision() -> None:
    made = decided(["s1"], ["s2.0"], ['s3={"to": "a=b"}'], ["s4=It was paid = in cash."])
    assert made == {
        "s1": {"type": "approve"},
        "s2.0": {"type": "reject"},
        "s3": {"type": "edit", "args": {"to": "a=b"}},
        "s4": {"type": "respond", "message": "It was paid = in cash."},
    }
    assert decided([], [], [], []) == {}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((["s1", "s1"], [], [], []), "two decisions for step s1"),
        ((["s1"], ["s1"], [], []), "two decisions for step s1"),
        (([], [], ["s1={}"], ["s1=no"]), "two decisions for step s1"),
        (([], [], ["s1"], []), "names no step and value"),
        (([], [], ["={}"], []), "names no step and value"),
        (([], [], [], ["s1= "]), "names no step and value"),
        (([], [], ["s1={amount: 5}"], []), "are not JSON"),
        (([], [], ["s1=[5]"], []), "are no object"),
        (([], [], ["s1=" + "[" * 100_000], []), "are not JSON"),
        (([], [], ['s1={"amount": NaN}'], []), "are not JSON"),
        (([], [], ['s1={"amount": 5, "amount": 6}'], []), "are not JSON"),
    ],
)
def test_what_cannot_be_followed_is_said_with_the_way_out(
    given: tuple[list[str], list[str], list[str], list[str]], error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        decided(*given)
