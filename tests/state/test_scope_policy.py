import pytest
from pydantic import ValidationError

from state.gate_policy import GatePolicy
from state.scope_policy import ScopePolicy, distinct

FIVE = [f"question {number}" for number in range(5)]
SCREEN = {"classifiers": ["rules", "scope"]}


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ({"inside": {}}, "inside"),
        ({"inside": {"a": FIVE[:4]}}, "at least 5"),
        ({"inside": {"a": [*FIVE, " "]}}, "pattern"),
        ({"inside": {"a": FIVE}, "outside": {"b": [" Question  1", *"vwxyz"]}}, "inside and of outside"),
        ({"inside": {"a": FIVE}, "action": "quarantine"}, "quarantine"),
        ({"inside": {"a": FIVE}, "false_alarms": 0.0}, "false_alarms"),
    ],
)
def test_a_scope_that_cannot_be_meant_is_refused(scope: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ScopePolicy.model_validate(scope)


def test_the_reply_names_the_intents() -> None:
    scope = ScopePolicy.model_validate({"inside": {"orders": FIVE, "returns {x}": [*"vwxyz"]}})
    assert scope.said() == "I can help with orders; returns {x}."


def test_an_example_counts_once() -> None:
    assert distinct({"a": ("Where is it?", "b"), "c": ("where  is IT?", "d")}) == ("Where is it?", "b", "d")


def test_a_scope_that_nobody_judges_by_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"add scope to gate\.screen\.classifiers"):
        GatePolicy.model_validate({"scope": {"inside": {"a": FIVE}}})


@pytest.mark.parametrize("place", ["result", "release"])
def test_scope_judges_requests_only(place: str) -> None:
    with pytest.raises(ValidationError, match="requests only"):
        GatePolicy.model_validate({"screen": SCREEN, "scope": {"inside": {"a": FIVE}}, place: SCREEN})
