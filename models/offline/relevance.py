"""How well a piece of evidence answers a question: similarity, weighted words, kind of answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.offline.clauses import FILLER
from models.offline.rarity import coverage, weights
from models.offline.units import Unit
from models.offline.vectors import Remembered
from models.text import terms

PRESELECTED = 8
"""Units of a question that are embedded; the others share too few words with it. Up to 30 found no more."""
OPENERS = 2
"""First units of the best passages, embedded whatever their words: the search found their passage."""

SIMILARITY, COVERAGE, PASSAGE, KIND, PLACE = 0.55, 0.4, 0.1, 0.2, 0.05
"""Weights of the score, tried out on the queries of `chunkeval` whose answers are marked."""
REPEATS, PROMISES, CODE = 0.15, 0.3, 0.1
"""What a unit loses that repeats the question, that asks or announces instead of telling, or that is code."""
PROMISE = re.compile(r"[?:][.\s]*$")
CONTEXT, CONTEXT_OF_SHORT = 0.65, 0.9
"""What a word of title or heading counts beside one of the unit itself; a short unit says little alone."""

CURRENCY = r"(?:[$€£]|eur|usd|gbp|chf|cents?|dollars?|euros?|pounds?|(?:m|b)illion)"
UNIT_OF_TIME = r"(?:second|minute|hour|day|night|week|month|quarter|year|decade|centur)"
NUMBER_WORD = (
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirty|sixty|ninety|hundred"
    r"|half)\b)"
)
MONTHS = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
KINDS = tuple(
    (re.compile(question, re.IGNORECASE), re.compile(answer, re.IGNORECASE if fold else 0))
    for question, answer, fold in (
        (
            r"\bhow (?:long|soon|old)\b|\bhow many (?:days|weeks|months|years|hours)\b|\bdeadline\b",
            rf"{NUMBER_WORD}.{{0,25}}{UNIT_OF_TIME}|lifetime|immediately|same day",
            True,
        ),
        (
            r"\bhow much\b|\b(?:cost|price|fee|charge|charges|pay)\b",
            rf"{CURRENCY}\s*\d|\d\s*(?:{CURRENCY}|%)|\bfree\b|\bno (?:charge|fee|cost)",
            True,
        ),
        (
            r"\bwhen\b|\bwhat (?:time|date|year|day)\b|\bopen(?:ing)?\b",
            rf"\d|{MONTHS}|(?:mon|tues|wednes|thurs|fri|satur|sun)day|midnight|noon|daily|weekend|\b(?:until|before|after)\b",
            True,
        ),
        (
            r"\bhow many\b|\bnumber of\b|\bhow (?:far|fast|high|large|big|tall|wide|deep|hot|heavy)\b",
            NUMBER_WORD,
            True,
        ),
        (r"\bwho(?:m|se)?\b", r"\b[A-Z]\w+|\b(?:team|staff|department|manager|customers?|we)\b", False),
        (r"\bwhere\b", r"\b(?:in|at|on|near|to|from|street|road|address)\b", True),
        (
            r"\bwhy\b|\breasons?\b",
            r"\b(?:because|since|due|so that|in order|reason|therefore|cause[sd]?|to)\b",
            True,
        ),
    )
)


@dataclass(frozen=True)
class Question:
    """One thing that is asked, ready to be compared with text."""

    text: str
    words: dict[str, float]
    """Stemmed terms with their rarity."""

    @classmethod
    def of(cls, text: str) -> "Question":
        """Read a question."""
        return cls(text, weights(FILLER.sub("", text)) or weights(text))


@dataclass(frozen=True)
class Scored:
    """A unit and how well it answers."""

    unit: Unit
    score: float
    similarity: float
    """Cosine of the embeddings."""
    coverage: float
    """Share of the question's words, by rarity, in the unit and its context."""
    vector: NDArray[np.float32]


def rank(question: Question, passages: Sequence[Sequence[Unit]], embedder: Remembered) -> list[Scored]:
    """The units that may answer, best first.

    Args:
        question: What is asked.
        passages: The units of each passage, best passage first.
        embedder: Gives the vectors; it is asked for at most PRESELECTED + OPENERS units.
    """
    candidates = _preselected(question, passages)
    if not candidates:
        return []
    vectors = embedder.embed([question.text, *map(_embedded, candidates)])
    similarities = vectors[1:] @ vectors[0]
    bonus = _bonus(question, passages)
    scored = [
        _scored(question, unit, float(similarity), vector, bonus[unit.passage])
        for unit, similarity, vector in zip(candidates, similarities, vectors[1:], strict=True)
    ]
    return sorted(scored, key=lambda one: -one.score)


def lexical(question: Question, unit: Unit) -> float:
    """Weighted share of the question's words in the unit; a word of its context counts in part."""
    own = coverage(question.words, terms(unit.text))
    return own + (CONTEXT_OF_SHORT if unit.short else CONTEXT) * (
        coverage(question.words, terms(f"{unit.context} {unit.text}")) - own
    )


def _bonus(question: Question, passages: Sequence[Sequence[Unit]]) -> dict[str, float]:
    """What a unit gains from its passage: the words that it holds, and its place in the search."""
    return {
        passage[0].passage: PASSAGE * coverage(question.words, held_terms(passage)) + PLACE / (1 + place)
        for place, passage in enumerate(passages)
        if passage
    }


def held_terms(passage: Sequence[Unit]) -> set[str]:
    """Stemmed terms of a passage and of its headings."""
    return {term for unit in passage for term in terms(f"{unit.context} {unit.text}")}


def kind(question: str, answer: str) -> float:
    """1 if the answer has what is asked for (a time, a sum, a name …), 0 if not, ½ if that is unknown."""
    wanted = [pattern for asked, pattern in KINDS if asked.search(question)]
    return sum(bool(pattern.search(answer)) for pattern in wanted) / len(wanted) if wanted else 0.5


def _preselected(question: Question, passages: Sequence[Sequence[Unit]]) -> list[Unit]:
    every = [(lexical(question, unit), unit) for passage in passages for unit in passage]
    best = sorted(every, key=lambda pair: -pair[0])[:PRESELECTED]
    openers = [passage[0] for passage in passages if passage][:OPENERS]
    return list(dict.fromkeys([*(unit for _, unit in best), *openers]))


def _embedded(unit: Unit) -> str:
    return f"{unit.context}: {unit.text}" if unit.short else unit.text


def _scored(
    question: Question, unit: Unit, similarity: float, vector: NDArray[np.float32], bonus: float
) -> Scored:
    covered = lexical(question, unit)
    fresh = set(terms(unit.text)) - question.words.keys()
    gains = SIMILARITY * similarity + COVERAGE * covered + bonus + KIND * kind(question.text, unit.text)
    promises = PROMISE.search(unit.text) is not None
    losses = REPEATS * (len(fresh) < 2) + PROMISES * promises + CODE * (unit.kind == "code")
    return Scored(unit, gains - losses, similarity, covered, vector)
