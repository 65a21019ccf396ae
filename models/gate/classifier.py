"""What a classifier of the gate is, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from state.usage import Usage
from state.verdict import Action, Place


@dataclass(frozen=True)
class Finding:
    """What a classifier says about one category of a text."""

    category: str
    """One of the classifier's categories."""
    score: float
    """Probability of the category, 0 to 1."""
    reason: str
    """One sentence for the user; it never repeats what was found."""
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges of the text that show it."""
    action: Action = "refuse"
    """What follows from the threshold on, unless the policy says otherwise."""
    threshold: float = 0.5
    """Score from which the classifier itself would act: what it promises holds at this one."""


@dataclass(frozen=True)
class Asked:
    """What a model said, and what it cost."""

    findings: Sequence[Finding]
    usage: Usage = field(default_factory=Usage)


class Named(Protocol):
    """What every classifier has."""

    @property
    def name(self) -> str:
        """The name that goes into the verdict."""
        ...

    @property
    def digest(self) -> str:
        """Of its weights, rules and data: two that judge differently have different ones."""
        ...

    @property
    def categories(self) -> frozenset[str]:
        """What it may find."""
        ...


@runtime_checkable
class Classifier(Named, Protocol):
    """Judges texts on this machine; it runs in a thread and is called by several at once."""

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """What it looked for with scores, also below its threshold; a rule gives only what it found."""
        ...


@runtime_checkable
class Asking(Named, Protocol):
    """Judges texts by asking a model or a server, which is awaited and may cost."""

    async def ask(self, text: str, place: Place) -> Asked:
        """What the one that was asked says."""
        ...


@runtime_checkable
class Promising(Protocol):
    """A classifier whose thresholds promise something."""

    def promised(self, place: Place) -> Mapping[str, float]:
        """Category → share of harmless texts that it acts on at most, at its own threshold."""
        ...


AnyClassifier: TypeAlias = Classifier | Asking
