"""Checkers: what says whether evidence supports a claim; the default one needs no language model."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from models.faithfulness.classifier import classifier
from models.faithfulness.features import (
    Encoder,
    embedded,
    facts,
    lexical,
    strange_names,
    strange_quantities,
    turning,
)
from models.faithfulness.polarity import NEGATIONS, against
from models.faithfulness.reading import MAX_CLAIM, WORD, Name, Read, nearest, pieces
from models.offline.rarity import coverage
from state.support import Flag, Support
from state.usage import Usage

CLOSE = 0.6
"""Share of a claim's words that a sentence must hold before a denial in one of the two is flagged."""


class Checked(NamedTuple):
    """A verdict, and what it cost."""

    support: Support
    usage: Usage = Usage()


class Checker(Protocol):
    """Says whether evidence supports a claim. An exception of it leaves the claim unchecked."""

    @property
    def spends(self) -> bool:
        """Whether a check calls a model that costs something; the run's bounds then hold for it."""
        ...

    async def check(self, claim: str, evidence: Sequence[str]) -> Checked:
        """The verdict on a claim, given the texts that it cites."""
        ...


class FeatureChecker:
    """The classifier on features, for several threads; at most eight sentences are embedded."""

    spends = False

    def __init__(self, encoder: Encoder, kind: str = "default") -> None:
        self._encoder = encoder
        self._kind = classifier().kind(kind)

    async def check(self, claim: str, evidence: Sequence[str]) -> Checked:
        """The verdict, computed in a thread."""
        return Checked(await asyncio.to_thread(self.support, claim, evidence))

    def support(self, claim: str, evidence: Sequence[str]) -> Support:
        """The same, blocking. A claim that says nothing and evidence without words support nothing."""
        claim = claim[:MAX_CLAIM]
        read, everything = Read(claim), pieces(evidence, claim)
        if not read.words or not everything:
            return Support(score=0.0, verdict="unsupported" if claim.strip() else "unsure")
        if any(one.words == read.words for one in everything):
            return Support(score=1.0, verdict="supported")  # word for word, which no threshold should doubt
        near = nearest(read, everything)
        score = self._kind.score(features(read, near, everything, self._encoder))
        found = flags(read, near, everything)
        return Support(score=round(score, 4), verdict=self._kind.verdict(round(score, 4)), flags=found)


def features(
    claim: Read, near: Sequence[Read], everything: Sequence[Read], encoder: Encoder
) -> Mapping[str, float]:
    """Every feature that the classifier was fitted on."""
    words = lexical(claim, near, everything) | turning(claim, near) | facts(claim, near, everything)
    return words | embedded(claim, near, encoder)


def flags(claim: Read, near: Sequence[Read], everything: Sequence[Read]) -> tuple[Flag, ...]:
    """The parts of a claim that stand in no source."""
    found = [
        _flag(claim.text, one.start, one.end, "number", "this number stands in no source")
        if why == "value"
        else _flag(claim.text, one.start, one.end, "unit", "the sources give this number another unit")
        for one, why in strange_quantities(claim, everything)
    ]
    seen = {(one.start, one.end) for one in found}
    found += [
        _named(claim.text, one)
        for one in strange_names(claim, everything)
        if (one.start, one.end) not in seen
    ]
    found += _turned(claim, near[0])
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _named(text: str, name: Name) -> Flag:
    return _flag(text, name.start, name.end, "name", "this name stands in no source")


def _turned(claim: Read, best: Read) -> list[Flag]:
    """Denials and directions that the nearest sentence, if it is about the same, has otherwise."""
    if coverage(claim.weights, best.terms) < CLOSE:
        return []
    found = []
    if claim.stance.negations and not best.stance.negations:
        denials = [one for one in WORD.finditer(claim.text) if _denies(one[0])]
        found += [
            _flag(claim.text, one.start(), one.end(), "negation", "the nearest sentence does not deny it")
            for one in denials[:1]
        ]
    if against(claim.stance, best.stance):
        found += [
            _flag(claim.text, one.start(), one.end(), "direction", "the nearest sentence says the opposite")
            for one in WORD.finditer(claim.text)
            if against(Read(one[0]).stance, best.stance)
        ]
    return found


def _denies(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return lower in NEGATIONS or lower.endswith("n't")


def _flag(text: str, start: int, end: int, kind: str, reason: str) -> Flag:
    return Flag.model_validate(
        {"start": start, "end": end, "text": text[start:end], "kind": kind, "reason": reason}
    )
