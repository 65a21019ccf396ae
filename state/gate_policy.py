"""The gate's policy: who judges at each place, from which probability on, and what follows."""

from typing import Self

from pydantic import Field, model_validator

from state.scope_policy import ScopePolicy
from state.tool_policy import Names, Section
from state.verdict import GRAVITY, Action

SHORTEST_CANARY = 8
"""Letters and digits; a shorter string might be said by chance."""


class PlacePolicy(Section):
    """The gate at one place."""

    classifiers: Names = ("rules", "injection")
    """Who judges, in this order, cheap ones first; after a refusal nobody else is asked."""
    thresholds: dict[str, float] = Field(default_factory=dict)
    """Category → probability from which its action is taken; by default what the classifier promises."""
    actions: dict[str, Action] = Field(default_factory=dict)
    """Category → what follows; by default what the classifier says."""
    action: Action = "refuse"
    """The most that may follow, whatever is found; an error refuses all the same."""
    timeout_seconds: float = Field(default=2.0, gt=0, le=60)

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        for category, threshold in self.thresholds.items():
            if not 0 <= threshold <= 1:
                raise ValueError(f"the threshold of {category} must be from 0 to 1")
        if not self.classifiers:
            raise ValueError("name at least one classifier, such as rules")
        return self


class ReleasePolicy(PlacePolicy):
    """The gate behind the model.

    A claim that its evidence does not support is found here, too (`unsupported_claim`); unless `actions` says
    otherwise, it is flagged.
    """

    classifiers: Names = ("rules", "leak")


class GatePolicy(Section):
    """The gate in front of the model, on what tools and documents give, and on what leaves."""

    screen: PlacePolicy = PlacePolicy()
    result: PlacePolicy = PlacePolicy(action="quarantine")
    release: ReleasePolicy = ReleasePolicy()
    canaries: dict[str, Names] = Field(default_factory=dict)
    """ACL label → strings that stand in documents with it and nowhere else; what holds one never leaves to a
    caller without the label."""
    scope: ScopePolicy | None = None
    """What requests the assistant is for; `scope` among the classifiers of `screen` judges by it."""

    def longest(self) -> float:
        """Seconds that the most patient place waits."""
        return max(place.timeout_seconds for place in (self.screen, self.result, self.release))

    @model_validator(mode="after")
    def _markers(self) -> Self:
        for label, markers in self.canaries.items():
            short = (one for one in markers if sum(map(str.isalnum, one)) < SHORTEST_CANARY)
            if (found := next(short, None)) is not None:
                raise ValueError(
                    f"the canary {found!r} of {label} needs at least {SHORTEST_CANARY} letters and digits"
                )
        return self

    @model_validator(mode="after")
    def _quarantine(self) -> Self:
        for name, place in (("screen", self.screen), ("release", self.release)):
            if "quarantine" in (place.action, *place.actions.values()):
                milder, graver = (GRAVITY[GRAVITY.index("quarantine") + step] for step in (-1, 1))
                raise ValueError(f"{name} cannot quarantine: only results can; use {milder} or {graver}")
        return self

    @model_validator(mode="after")
    def _scoped(self) -> Self:
        if self.scope is not None and "scope" not in self.screen.classifiers:
            raise ValueError("gate.scope judges nothing; add scope to gate.screen.classifiers")
        for name, place in (("result", self.result), ("release", self.release)):
            if "scope" in place.classifiers:
                raise ValueError(f"scope judges requests only; take it out of gate.{name}.classifiers")
        return self
