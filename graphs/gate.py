"""The gate of this process: who judges at which place."""

from functools import cache
from typing import TypeAlias

from models.gate.judging import Judging
from models.gate.names import Means, resolve
from models.gate.streaming import Guard, guard
from nodes.gate import Judge
from state.gate_policy import PlacePolicy
from state.verdict import Place, Verdict

Judgings: TypeAlias = dict[Place, Judging]
"""Everybody who judges, by place."""


def judgings(means: Means) -> Judgings:
    """Build them; a classifier that two places name is one.

    Raises:
        UsageError: a classifier cannot be built, or its files are not those of its card.
    """
    places: dict[Place, PlacePolicy] = {
        "screen": means.policy.screen,
        "result": means.policy.result,
        "release": means.policy.release,
    }
    kept = cache(lambda name: resolve(name, means))
    return {
        place: Judging(place, chosen, [kept(name) for name in chosen.classifiers])
        for place, chosen in places.items()
    }


def guard_of(judgings: Judgings) -> Guard:
    """What guards a stream of what leaves, to a caller of whom nothing is known but the policy."""
    return guard(judgings["release"].classifiers, judgings["release"].policy)


def judge(judgings: Judgings) -> Judge:
    """The gate as nodes see it."""

    async def judged(text: str, place: Place) -> Verdict:
        return await judgings[place](text)

    return judged
