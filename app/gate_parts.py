"""The gate of the settings, as the command line uses it."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

if TYPE_CHECKING:
    from models.gate.judging import Judging
    from state.verdict import Place

Surface: TypeAlias = Literal["input", "tool", "output"]
"""Where a text is from: a request, a tool's result, an answer."""
PLACES: "dict[str, Place]" = {"input": "screen", "tool": "result", "output": "release"}

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def judgings(classifier: str | None = None) -> "dict[Place, Judging]":
    """Who judges at each place: as the policy says, or one classifier alone."""
    from graphs.parts import gating
    from state.policy import load_policy
    from state.settings import settings

    policy = load_policy(settings().policy)
    if classifier is not None:
        alone = {"classifiers": (classifier,)}
        places = {
            str(place): getattr(policy.gate, place).model_copy(update=alone) for place in PLACES.values()
        }
        policy = policy.model_copy(update={"gate": policy.gate.model_copy(update=places)})
    return gating(settings(), policy)
