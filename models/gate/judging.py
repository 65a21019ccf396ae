"""The verdict on a text at a place; whatever goes wrong on the way refuses."""

import asyncio
import logging
from collections.abc import Sequence

from models.gate.classifier import AnyClassifier, Asked, Classifier, Finding, Promising
from models.gate.daemon import in_daemon
from models.gate.drift import Watch
from state.canonical import digest
from state.gate_policy import PlacePolicy
from state.verdict import GRAVITY, Decision, Place, Verdict

logger = logging.getLogger(__name__)

ACTIONS = frozenset(GRAVITY) - {"allow"}


class Judging:
    """Everybody who judges at one place."""

    def __init__(self, place: Place, policy: PlacePolicy, classifiers: Sequence[AnyClassifier]) -> None:
        self.place, self.policy, self.classifiers = place, policy, tuple(classifiers)
        self.digest = digest([[one.name, one.digest] for one in self.classifiers])
        self.names = tuple(one.name for one in self.classifiers)
        self.promised = self._promises()
        self._watch = Watch(sum(self.promised.values())) if self.promised else None

    async def __call__(self, text: str) -> Verdict:
        """Judge a text of live traffic: what is promised is watched."""
        verdict = await self.judged(text)
        if self._watch and (warning := self._watch.saw(acted=self.acted(verdict.category, verdict.decision))):
            logger.warning("the gate at %s: %s", self.place, warning)
        return verdict

    def acted(self, category: str, decision: str) -> bool:
        """Whether a verdict counts against what is promised."""
        return category in self.promised and decision != "allow"

    def _promises(self) -> dict[str, float]:
        """Category → promised share of false alarms; none where the policy has a threshold of its own."""
        found: dict[str, float] = {}
        for one in self.classifiers:
            for category, rate in one.promised(self.place).items() if isinstance(one, Promising) else ():
                if category not in self.policy.thresholds:
                    found[category] = found.get(category, 0.0) + rate
        return found

    async def judged(self, text: str) -> Verdict:
        """Judge a text; a classifier that raises, hangs or answers nonsense refuses."""
        verdict = self._nothing()
        try:
            async with asyncio.timeout(self.policy.timeout_seconds):
                for classifier in self.classifiers:
                    asked = await _asked(classifier, text, self.place)
                    check(asked, classifier.categories, len(text))
                    verdict = graver(verdict, classifier.name, asked, self.policy)
                    if verdict.decision == "refuse":
                        break
            return verdict
        except TimeoutError:
            problem = f"it took longer than {self.policy.timeout_seconds:g} s"
        except NonsenseError as error:
            problem = str(error)
        except Exception as error:
            # The message may hold the text, which must not get out this way.
            problem = f"it raised {type(error).__name__}"
            logger.warning("the gate at %s failed", self.place, exc_info=True)
        return verdict.model_copy(
            update={
                "decision": "refuse",
                "category": "error",
                "score": 1.0,
                "reason": f"The gate could not judge this text: {problem}.",
                "spans": (),
            }
        )

    def _nothing(self) -> Verdict:
        return Verdict(
            place=self.place,
            decision="allow",
            category="ok",
            score=1.0,
            threshold=0.0,
            classifier="+".join(self.names),
            digest=self.digest,
            reason="Nothing was found.",
        )


def graver(verdict: Verdict, by: str, asked: Asked, policy: PlacePolicy) -> Verdict:
    """The verdict with what one more found; of equally grave findings the first counts."""
    found = {one.category: one.score for one in asked.findings}
    told = {**dict(verdict), "scores": verdict.scores | found, "usage": verdict.usage + asked.usage}
    for finding in asked.findings:
        follows = decision(finding, policy)
        if GRAVITY.index(follows) > GRAVITY.index(told["decision"]):
            told |= {
                "decision": follows,
                "category": finding.category,
                "score": finding.score,
                "threshold": _threshold(finding, policy),
                "classifier": by,
                "reason": finding.reason,
                "spans": tuple(finding.spans),
            }
    if told["decision"] == "allow":
        told["score"] = 1.0 - max(told["scores"].values(), default=0.0)
    return Verdict.model_validate(told)


def decision(finding: Finding, policy: PlacePolicy) -> Decision:
    """What follows of a finding at a place."""
    if finding.score < _threshold(finding, policy):
        return "allow"
    wanted = policy.actions.get(finding.category, finding.action)
    return min(wanted, policy.action, key=GRAVITY.index)


def _threshold(finding: Finding, policy: PlacePolicy) -> float:
    return policy.thresholds.get(finding.category, finding.threshold)


class NonsenseError(Exception):
    """A classifier gave something that is no finding."""


async def _asked(classifier: AnyClassifier, text: str, place: Place) -> Asked:
    if isinstance(classifier, Classifier):
        return Asked(await in_daemon(lambda: classifier.classify(text, place)))
    return await classifier.ask(text, place)


def check(asked: object, categories: frozenset[str], length: int) -> None:
    """Make sure that what a classifier gave are findings in a text of this length.

    Raises:
        NonsenseError: they are not.
    """
    if not isinstance(asked, Asked):
        raise NonsenseError(f"it gave {type(asked).__name__} instead of findings")
    if not isinstance(asked.findings, list | tuple):
        raise NonsenseError(f"it gave {type(asked.findings).__name__} instead of findings")
    for finding in asked.findings:
        _check_one(finding, categories, length)


def _check_one(finding: object, categories: frozenset[str], length: int) -> None:
    if not isinstance(finding, Finding):
        raise NonsenseError(f"it gave {type(finding).__name__} instead of a finding")
    if finding.category not in categories:
        raise NonsenseError(f"it gave the unknown category {finding.category!r:.60}")
    if not (0 <= finding.score <= 1 and 0 <= finding.threshold <= 1):
        raise NonsenseError(f"it gave the score {finding.score!r:.60} at {finding.threshold!r:.60}")
    if finding.action not in ACTIONS:
        raise NonsenseError(f"it gave the unknown action {finding.action!r:.60}")
    if not all(0 <= start <= end <= length for start, end in finding.spans):
        raise NonsenseError("it gave spans outside of the text")
