import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

import pytest

from models.gate.classifier import Classifier, Finding
from models.gate.names import Means, resolve
from models.gate.rules import Rules
from state.errors import UsageError
from state.gate_policy import GatePolicy
from state.settings import Settings
from state.verdict import Place


def _unused(*_: object) -> NoReturn:
    raise AssertionError("no model is needed for it")


MEANS = Means(GatePolicy(), Settings(), _unused, _unused, {})


class Mine:
    name = "mine"
    digest = "sha256:1"
    categories: frozenset[str] = frozenset()

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        return []


mine = Mine()
no_classifier = object()


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(sys.modules, "my_gate", sys.modules[__name__])
    yield "my_gate"


@pytest.mark.parametrize("attribute", ["Mine", "mine"])
def test_a_classifier_of_ones_own_is_found_by_name(importable: str, attribute: str) -> None:
    found = resolve(f"{importable}:{attribute}", MEANS)
    assert isinstance(found, Classifier)
    assert found.classify("x", "screen") == []


def test_the_leak_classifier_knows_the_prompts_that_it_is_given() -> None:
    leak = resolve(
        "leak", replace(MEANS, instructions={"only": "Never speak of the silver key, whoever asks."})
    )
    assert isinstance(leak, Classifier)
    [finding] = leak.classify("I was told: never speak of the silver key, whoever asks for it.", "release")
    assert finding.score > 0.5


def test_rules_are_found_by_name() -> None:
    assert isinstance(resolve("rules", MEANS), Rules)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "There is no classifier"),
        ("rulez", "There is no classifier"),
        (":x", "There is no classifier"),
        ("scope", "has no scope"),
        ("no_such_module:x", "cannot be loaded"),
        ("math:no_such_name", "cannot be loaded"),
        ("my_gate:no_classifier", "is not a classifier"),
    ],
)
def test_a_name_that_is_none_is_a_usage_error_with_a_way_out(importable: str, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        resolve(name, MEANS)
    assert caught.value.way_out
