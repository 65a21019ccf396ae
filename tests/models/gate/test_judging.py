import asyncio
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from models.gate.classifier import AnyClassifier, Asked, Finding
from models.gate.judging import Judging
from state.gate_policy import PlacePolicy
from state.usage import Usage
from state.verdict import Place, Verdict


@dataclass
class Scripted:
    """A classifier that does what the test says."""

    answer: Callable[[], Any]
    name: str = "scripted"
    digest: str = "sha256:1"
    categories: frozenset[str] = frozenset({"injection"})

    def classify(self, text: str, place: str) -> Any:
        return self.answer()


def judging(classifier: AnyClassifier, **policy: Any) -> Judging:
    return Judging("screen", PlacePolicy(**policy), [classifier])


def judged(answer: Callable[[], Any], **policy: Any) -> Verdict:
    return asyncio.run(judging(Scripted(answer), **policy)("some text"))


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
        (lambda: None, "it gave NoneType instead of findings."),
        (lambda: [None], "it gave NoneType instead of a finding."),
        (lambda: "ok", "it gave str instead of findings."),
        (lambda: {"category": "ok"}, "it gave dict instead of findings."),
        (lambda: [Finding("injection", math.nan, "fine")], "it gave the score nan at 0.5."),
        (lambda: [Finding("injection", math.inf, "")], "it gave the score inf at 0.5."),
        (lambda: [Finding("injection", -0.1, "")], "it gave the score -0.1 at 0.5."),
        (lambda: [Finding("injection", 1.01, "")], "it gave the score 1.01 at 0.5."),
        (lambda: [Finding("injection", "high", "")], "it raised TypeError."),  # type: ignore[arg-type]  # nonsense
        (lambda: [Finding("injection", 1.0, None)], "it raised ValidationError."),  # type: ignore[arg-type]  # nonsense
        (lambda: [Finding("OK", 1.0, "")], "it gave the unknown category 'OK'."),
        (lambda: [Finding("", 1.0, "")], "it gave the unknown category ''."),
        (lambda: [Finding([], 1.0, "")], "it raised TypeError."),  # type: ignore[arg-type]  # nonsense
        (lambda: [Finding("injection", 1.0, "", ((3, 2),))], "it gave spans outside of the text."),
        (lambda: [Finding("injection", 1.0, "", ((0, 10),))], "it gave spans outside of the text."),
        (lambda: [Finding("injection", 1.0, "", ((0, 0.5),))], "it raised ValidationError."),  # type: ignore[arg-type]  # nonsense
        (lambda: [Finding("injection", 1.0, "", (), "allow")], "it gave the unknown action 'allow'."),  # type: ignore[arg-type]  # nonsense
    ],
)
@pytest.mark.parametrize("action", ["refuse", "flag"])
def test_a_classifier_that_fails_refuses_whatever_the_policy_says(
    answer: Callable[[], Any], said: str, action: str
) -> None:
    given = judged(answer, action=action, thresholds={"injection": 1.0})
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
        judge = judging(Scripted(release.wait), timeout_seconds=0.3)
        return await asyncio.gather(*(judge("x") for _ in range(100)))

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
from models.gate.judging import Judging
from state.gate_policy import PlacePolicy
class Hangs:
    name, digest, categories = "hangs", "", frozenset()
    def classify(self, text, place):
        threading.Event().wait()
print(asyncio.run(Judging("screen", PlacePolicy(timeout_seconds=0.05), [Hangs()])("x")).decision)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert said.stdout.strip() == "refuse"


def test_the_loop_goes_on_while_a_classifier_works() -> None:
    async def both() -> int:
        waiting = asyncio.ensure_future(judging(Scripted(lambda: time.sleep(0.2) or []))("x"))
        turns = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(both()) > 5


@pytest.mark.parametrize(
    ("score", "own", "policy", "decision"),
    [
        (0.49, "refuse", {}, "allow"),
        (0.5, "refuse", {}, "refuse"),
        (0.9, "refuse", {"action": "flag"}, "flag"),
        (0.9, "flag", {}, "flag"),
        (0.9, "flag", {"actions": {"injection": "ask"}}, "ask"),
        (0.9, "flag", {"actions": {"injection": "refuse"}, "action": "ask"}, "ask"),
        (0.9, "refuse", {"actions": {"injection": "flag"}}, "flag"),
        (0.9, "refuse", {"thresholds": {"injection": 0.95}}, "allow"),
        (0.4, "refuse", {"thresholds": {"injection": 0.3}}, "refuse"),
    ],
)
def test_what_follows_is_the_classifiers_unless_the_policy_says_otherwise(
    score: float, own: Any, policy: dict[str, Any], decision: str
) -> None:
    given = judged(lambda: [Finding("injection", score, "no", ((0, 4),), own)], **policy)
    assert (given.decision, given.scores) == (decision, {"injection": score})
    if decision == "allow":
        assert (given.category, given.score, given.spans) == ("ok", 1 - score, ())
    else:
        assert (given.category, given.score, given.classifier) == ("injection", score, "scripted")
        assert (given.reason, given.spans) == ("no", ((0, 4),))


def test_the_gravest_of_all_findings_decides_and_all_scores_are_kept() -> None:
    classifiers = [
        Scripted(lambda: [Finding("mail", 1.0, "mail", action="flag")], "one", "1", frozenset({"mail"})),
        Scripted(lambda: [Finding("injection", 0.7, "injection", action="ask")], "two", "2"),
        Scripted(
            lambda: [Finding("secret", 0.9, "secret", action="ask")], "three", "3", frozenset({"secret"})
        ),
    ]
    given = asyncio.run(Judging("release", PlacePolicy(), classifiers)("some text"))
    assert (given.decision, given.category, given.classifier) == ("ask", "injection", "two")
    assert given.scores == {"mail": 1.0, "injection": 0.7, "secret": 0.9}


def test_nobody_is_asked_after_a_refusal() -> None:
    asked: list[str] = []

    def says(name: str) -> Callable[[], Any]:
        return lambda: asked.append(name) or [Finding("injection", 1.0, name)]

    classifiers = [Scripted(says("one")), Scripted(says("two"))]
    assert asyncio.run(Judging("screen", PlacePolicy(), classifiers)("x")).reason == "one"
    assert asked == ["one"]


class Judge:
    """Asks somebody, which takes a turn of the loop and costs a call."""

    name = "judge"
    digest = "sha256:2"
    categories = frozenset({"jailbreak"})

    def __init__(self, *findings: Finding) -> None:
        self._findings: Sequence[Finding] = findings

    async def ask(self, text: str, place: Place) -> Asked:
        await asyncio.sleep(0)
        return Asked(self._findings, Usage(model_calls=1))


def test_who_asks_a_model_is_awaited_and_its_cost_is_told() -> None:
    given = asyncio.run(judging(Judge(Finding("jailbreak", 0.8, "no")))("x"))
    assert (given.decision, given.category, given.usage) == ("refuse", "jailbreak", Usage(model_calls=1))


def test_an_error_keeps_what_was_spent_before_it() -> None:
    classifiers = [Judge(), Scripted(raising(ValueError()))]
    given = asyncio.run(Judging("screen", PlacePolicy(), classifiers)("x"))
    assert (given.category, given.usage.model_calls) == ("error", 1)


def test_the_digest_is_of_everybody_who_judges() -> None:
    one, two = Scripted(list, "one", "1"), Scripted(list, "two", "2")
    digests = {
        Judging("screen", PlacePolicy(), chosen).digest
        for chosen in ([one], [two], [one, two], [two, one], [Scripted(list, "one", "2")])
    }
    assert len(digests) == 5
