"""The gate's policy: who judges at each place, from which probability on, and what follows."""

from typing import Self

from pydantic import Field, model_validator

from state.tool_policy import Names, Section
from state.verdict import GRAVITY, Action


class PlacePolicy(Section):
    """The gate at one place."""

    classifiers: Names = ("rules",)
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


class GatePolicy(Section):
    """The gate in front of the model, on what tools and documents give, and on what leaves."""

    screen: PlacePolicy = PlacePolicy()
    result: PlacePolicy = PlacePolicy(action="quarantine")
    release: PlacePolicy = PlacePolicy()

    def longest(self) -> float:
        """Seconds that the most patient place waits."""
        return max(place.timeout_seconds for place in (self.screen, self.result, self.release))

    @model_validator(mode="after")
    def _quarantine(self) -> Self:
        for name, place in (("screen", self.screen), ("release", self.release)):
            if "quarantine" in (place.action, *place.actions.values()):
                milder, graver = (GRAVITY[GRAVITY.index("quarantine") + step] for step in (-1, 1))
                raise ValueError(f"{name} cannot quarantine: only results can; use {milder} or {graver}")
        return self
