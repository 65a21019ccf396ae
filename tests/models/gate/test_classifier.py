import asyncio
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from models.gate.classifier import Classifier, Finding, resolve, verdict
from models.gate.rules import Rules
from state.errors import UsageError
from state.policy import PlacePolicy
from state.verdict import Verdict


@dataclass
class Scripted:
    """A classifier that does what the test says."""

    answer: Callable[[], Any]
    name: str = "scripted"
    categories: frozenset[str] = frozenset({"injection"})

    def classify(self, text: str, place: str) -> Any:
        return self.answer()


class Mine:
    name = "mine"
    categories: frozenset[str] = frozenset()

    def classify(self, text: str, place: str) -> Finding:
        return Finding("ok", 1.0, "fine")


mine = Mine()
no_classifier = object()


def judged(answer: Callable[[], Any], **policy: Any) -> Verdict:
    return asyncio.run(verdict(Scripted(answer), "some text", "screen", PlacePolicy(**policy)))


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (raising(ValueError("the text was: some text")), "it raised ValueError."),
        (raising(StopIteration()), "it raised RuntimeError."),
        (raising(SystemExit(0)), "it raised RuntimeError."),
        (raising(KeyboardInterrupt()), "it raised RuntimeError."),
        (raising(RecursionError()), "it raised RecursionError."),
        (lambda: None, "it gave NoneType instead of a finding."),
        (lambda: "ok", "it gave str instead of a finding."),
        (lambda: {"category": "ok"}, "it gave dict instead of a finding."),
        (lambda: Finding("ok", math.nan, "fine"), "it gave the score nan."),
        (lambda: Finding("injection", math.inf, ""), "it gave the score inf."),
        (lambda: Finding("ok", -0.1, ""), "it gave the score -0.1."),
        (lambda: Finding("ok", 1.01, ""), "it gave the score 1.01."),
        (lambda: Finding("ok", "high", ""), "it raised TypeError."),  # type: ignore[arg-type]  # nonsense
        (lambda: Finding("ok", 0.0, None), "it raised ValidationError."),  # type: ignore[arg-type]  # nonsense
        (lambda: Finding("OK", 1.0, ""), "it gave the unknown category 'OK'."),
        (lambda: Finding("", 1.0, ""), "it gave the unknown category ''."),
        (lambda: Finding([], 1.0, ""), "it raised TypeError."),  # type: ignore[arg-type]  # nonsense
        (lambda: Finding("ok", 1.0, "", ((3, 2),)), "it gave spans outside of the text."),
        (lambda: Finding("ok", 1.0, "", ((0, 10),)), "it gave spans outside of the text."),
        (lambda: Finding("ok", 1.0, "", ((0, 0.5),)), "it raised ValidationError."),  # type: ignore[arg-type]  # nonsense
        (lambda: Finding("injection", 1.0, "", (), "allow"), "it gave the unknown action 'allow'."),  # type: ignore[arg-type]  # nonsense
    ],
)
@pytest.mark.parametrize("action", ["refuse", "flag"])
def test_a_classifier_that_fails_refuses_whatever_the_policy_says(
    answer: Callable[[], Any], said: str, action: str
) -> None:
    given = judged(answer, action=action, threshold=1.0)
    assert (given.decision, given.category) == ("refuse", "error")
    assert given.reason == f"The gate could not judge this text: {said}"


def test_a_classifier_that_hangs_refuses_after_its_time() -> None:
    release = threading.Event()
    started = time.monotonic()
    given = judged(release.wait, timeout_seconds=0.1)
    release.set()
    assert time.monotonic() - started < 5
    assert (given.decision, given.category) == ("refuse", "error")
    assert "took longer than 0.1 s" in given.reason


def test_classifiers_that_hang_are_bounded_and_still_refuse() -> None:
    release = threading.Event()

    async def many() -> list[Verdict]:
        policy = PlacePolicy(timeout_seconds=0.3)
        return await asyncio.gather(
            *(verdict(Scripted(release.wait), "x", "screen", policy) for _ in range(100))
        )

    before = threading.active_count()
    given = asyncio.run(many())
    assert threading.active_count() - before <= 64
    release.set()
    assert {each.decision for each in given} == {"refuse"}
    assert sum("RuntimeError" in each.reason for each in given) >= 36
    while threading.active_count() > before:
        time.sleep(0.01)


def test_a_process_ends_though_a_classifier_hangs() -> None:
    code = """
import asyncio, threading
from models.gate.classifier import verdict
from state.policy import PlacePolicy
class Hangs:
    name, categories = "hangs", frozenset()
    def classify(self, text, place):
        threading.Event().wait()
print(asyncio.run(verdict(Hangs(), "x", "screen", PlacePolicy(timeout_seconds=0.05))).decision)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert said.stdout.strip() == "refuse"


def test_the_loop_goes_on_while_a_classifier_works() -> None:
    async def both() -> int:
        judging = asyncio.create_task(
            verdict(Scripted(lambda: time.sleep(0.2) or Finding("ok", 1.0, "")), "x", "screen", PlacePolicy())
        )
        turns = 0
        while not judging.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(both()) > 5


@pytest.mark.parametrize(
    ("score", "rule", "policy", "decision"),
    [
        (0.49, "refuse", "refuse", "allow"),
        (0.5, "refuse", "refuse", "refuse"),
        (0.9, "refuse", "flag", "flag"),
        (0.9, "flag", "refuse", "flag"),
        (0.9, "flag", "flag", "flag"),
    ],
)
def test_the_weaker_of_rule_and_policy_counts_from_the_threshold_on(
    score: float, rule: Any, policy: str, decision: str
) -> None:
    given = judged(lambda: Finding("injection", score, "no", ((0, 4),), rule), action=policy, threshold=0.5)
    assert given == Verdict(
        place="screen",
        decision=decision,  # type: ignore[arg-type]  # a parameter of the test
        category="injection",
        score=score,
        threshold=0.5,
        classifier="scripted",
        reason="no",
        spans=((0, 4),),
    )


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(sys.modules, "my_gate", sys.modules[__name__])
    yield "my_gate"


@pytest.mark.parametrize("attribute", ["Mine", "mine"])
def test_a_classifier_of_ones_own_is_found_by_name(importable: str, attribute: str) -> None:
    found: Classifier = resolve(f"{importable}:{attribute}")
    assert found.classify("x", "screen").category == "ok"


def test_rules_are_found_by_name() -> None:
    assert isinstance(resolve("rules"), Rules)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "There is no classifier"),
        ("rulez", "There is no classifier"),
        (":x", "There is no classifier"),
        ("no_such_module:x", "cannot be loaded"),
        ("math:no_such_name", "cannot be loaded"),
        ("my_gate:no_classifier", "is not a classifier"),
    ],
)
def test_a_name_that_is_none_is_a_usage_error_with_a_way_out(importable: str, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        resolve(name)
    assert caught.value.way_out
