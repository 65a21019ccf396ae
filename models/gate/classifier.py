"""The seam of the gate: what a classifier is, how it is found by name, and the verdict that fails closed."""

import asyncio
import logging
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from models.gate.daemon import in_daemon
from state.errors import UsageError
from state.policy import PlacePolicy
from state.verdict import Decision, Place, Verdict

logger = logging.getLogger(__name__)

Action: TypeAlias = Literal["flag", "refuse"]


@dataclass(frozen=True)
class Finding:
    """What a classifier found in a text."""

    category: str
    """`ok`, or one of the classifier's categories."""
    score: float
    """How sure the classifier is of the category, 0 to 1."""
    reason: str
    """One sentence for the user; it never repeats what was found."""
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges of the text that show it."""
    action: Action = "refuse"
    """The most that may follow; the policy may ask for less."""


@runtime_checkable
class Classifier(Protocol):
    """Judges texts; it runs in a thread and is called by several at once."""

    @property
    def name(self) -> str:
        """The name that goes into the verdict."""
        ...

    @property
    def categories(self) -> frozenset[str]:
        """What it may find besides `ok`."""
        ...

    def classify(self, text: str, place: Place) -> Finding:
        """Judge a text at a place."""
        ...


def resolve(name: str) -> Classifier:
    """The classifier of a name: `rules`, or `module:attribute` for one of your own, an object or its class.

    Raises:
        UsageError: there is none of this name, or it is not a classifier.
    """
    if name == "rules":
        from models.gate.rules import Rules

        return Rules()
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise UsageError(f"There is no classifier {name!r}.", "Use rules, or module:attribute for your own.")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The classifier {name!r} cannot be loaded: {error}.", "Correct gate.*.classifier in the policy."
        ) from error
    classifier = found() if isinstance(found, type) else found
    if not (isinstance(classifier, Classifier) and isinstance(classifier.name, str)):
        raise UsageError(
            f"{name!r} is not a classifier.",
            "Give it name, categories and classify(text, place); see models/gate/classifier.py.",
        )
    return classifier


async def verdict(classifier: Classifier, text: str, place: Place, policy: PlacePolicy) -> Verdict:
    """Judge a text; a classifier that raises, hangs or answers nonsense refuses."""
    try:
        async with asyncio.timeout(policy.timeout_seconds):
            finding = await in_daemon(lambda: classifier.classify(text, place))
        _check(finding, classifier.categories, len(text))
        return _verdict(classifier.name, finding, place, policy)
    except TimeoutError:
        problem = f"it took longer than {policy.timeout_seconds:g} s"
    except NonsenseError as error:
        problem = str(error)
    except Exception as error:
        # The message may hold the text, which must not get out this way.
        problem = f"it raised {type(error).__name__}"
        logger.warning("classifier %s at %s failed", classifier.name, place, exc_info=True)
    reason = f"The gate could not judge this text: {problem}."
    refusing = policy.model_copy(update={"action": "refuse"})
    return _verdict(classifier.name, Finding("error", 1.0, reason), place, refusing)


class NonsenseError(Exception):
    """A classifier gave something that is no finding."""


def _check(finding: object, categories: frozenset[str], length: int) -> None:
    if not isinstance(finding, Finding):
        raise NonsenseError(f"it gave {type(finding).__name__} instead of a finding")
    if finding.category not in {"ok", *categories}:
        raise NonsenseError(f"it gave the unknown category {finding.category!r:.60}")
    if not 0 <= finding.score <= 1:
        raise NonsenseError(f"it gave the score {finding.score!r:.60}")
    if finding.action not in ("flag", "refuse"):
        raise NonsenseError(f"it gave the unknown action {finding.action!r:.60}")
    if not all(0 <= start <= end <= length for start, end in finding.spans):
        raise NonsenseError("it gave spans outside of the text")


def _verdict(name: str, finding: Finding, place: Place, policy: PlacePolicy) -> Verdict:
    return Verdict(
        place=place,
        decision=_decision(finding, policy),
        category=finding.category,
        score=finding.score,
        threshold=policy.threshold,
        classifier=name,
        reason=finding.reason,
        spans=finding.spans,
    )


def _decision(finding: Finding, policy: PlacePolicy) -> Decision:
    if finding.category == "ok" or finding.score < policy.threshold:
        return "allow"
    return "refuse" if finding.action == policy.action == "refuse" else "flag"
