"""Whether live traffic still keeps a promise: a binomial test of the share of texts that was acted on.

Live texts hold attacks, too, so that an alert says one of two things: texts have changed and the promise was
made from others, or somebody attacks. Both want a look.
"""

from typing import NamedTuple

ALERT = 0.001
"""An alert is raised where the share would be so unlikely if the promise held."""
FIRST = 128
"""Texts after which a running process tests for the first time, then each time that they have doubled."""
ADVICE = (
    "See who is held back with `warrant gate status`; report what was harmless with `warrant gate report RUN "
    "--false-alarm` and train anew with `warrant gate train --from-traces --feedback`."
)


class Seen(NamedTuple):
    """How many texts were judged, and how many of them acted on."""

    judged: int
    acted: int


def surprise(seen: Seen, promised: float) -> float:
    """The probability of as many or more if each text is acted on with the promised probability."""
    if not 0 <= seen.acted <= seen.judged:
        raise ValueError(f"{seen.acted} of {seen.judged} texts")
    if seen.acted == 0:
        return 1.0
    if promised >= 1:
        return 1.0
    from scipy.special import betainc

    return float(betainc(seen.acted, seen.judged - seen.acted + 1, promised))


class Watch:
    """Counts what a place judges, and tells once that its promise is broken.

    It tests whenever the number of texts has doubled, the k-th time at a level of ALERT / (k (k + 1)): all
    tests together then raise a false alert with a probability of at most ALERT.
    """

    def __init__(self, promised: float) -> None:
        self._promised = promised
        self._judged = self._acted = 0
        self._next, self._tests = FIRST, 0
        self._told = False

    def saw(self, *, acted: bool) -> str | None:
        """Count a text; the warning, if it is due."""
        self._judged += 1
        self._acted += acted
        if self._told or self._judged < self._next:
            return None
        self._next, self._tests = 2 * self._next, self._tests + 1
        level = ALERT / (self._tests * (self._tests + 1))
        if surprise(Seen(self._judged, self._acted), self._promised) >= level:
            return None
        self._told = True
        return (
            f"{self._acted} of {self._judged} texts were acted on, where {self._promised:.1%} were promised. "
            f"{ADVICE}"
        )
