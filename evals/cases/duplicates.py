"""Cases that ask the same, and splits of a dataset that no such pair leaks across."""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from evals.cases.case import Case
from state.canonical import canonical

NEAR = 0.9
"""Jaccard similarity of two inputs' words from which on they ask the same."""
ALIKE = 0.75
"""The same for inputs whose numbers are left out: such a pair is not split."""
GROUP = "group:"
"""Beginning of a tag that names what must not be split."""


class Pair(NamedTuple):
    """Two cases that ask the same, by their places in the dataset, the first one first."""

    first: int
    second: int
    similarity: float
    """1 if the inputs are equal, letter case, punctuation and white space aside."""


def pairs(cases: Sequence[Case], least: float = NEAR) -> list[Pair]:
    """Every pair of cases whose inputs are equal or nearly so; what they expect is not looked at."""
    return list(_similar([_words(case) for case in cases], least))


def groups(cases: Sequence[Case]) -> list[int]:
    """For each case the place of the first one that it must not be split from.

    Inputs that are alike but for numbers, an equal source, and an equal tag `group:…` hold cases together.
    """
    leader = list(range(len(cases)))

    def first(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    def join(one: int, other: int) -> None:
        low, high = sorted((first(one), first(other)))
        leader[high] = low

    seen: dict[Hashable, int] = {}
    templates: dict[frozenset[str], int] = {}
    for at, case in enumerate(cases):
        for key in _held_by(case):
            join(seen.setdefault(key, at), at)
        join(templates.setdefault(_template(case), at), at)
    places = list(templates.values())
    for pair in _similar(list(templates), ALIKE):
        join(places[pair.first], places[pair.second])
    return [first(at) for at in range(len(cases))]


def split(cases: Sequence[Case], share: float, seed: str = "") -> tuple[list[Case], list[Case]]:
    """Two sides, the first with about `share` of the groups.

    A group goes by the hash of its first case's input, so that cases added at the end of a dataset change
    the side of no other one, unless such a case ties two groups together.
    """
    sides: tuple[list[Case], list[Case]] = ([], [])
    for case, leader in zip(cases, groups(cases), strict=True):
        key = f"{seed}\n{' '.join(sorted(_template(cases[leader])))}".encode()
        place = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") / 2**64
        sides[0 if place < share else 1].append(case)
    return sides


def _held_by(case: Case) -> Iterator[tuple[str, str]]:
    if case.source is not None:
        yield "source", case.source
    yield from (("tag", tag) for tag in case.tags if tag.startswith(GROUP))


def _words(case: Case) -> frozenset[str]:
    """The words of the input."""
    return _each(_spoken(case))


def _template(case: Case) -> frozenset[str]:
    """The words with their numbers left out: two inputs are at least as alike so as by their words."""
    return _each(re.sub(r"\d+", "0", word) for word in _spoken(case))


def _spoken(case: Case) -> list[str]:
    text = case.input if isinstance(case.input, str) else canonical(case.input)
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()) or [text]


def _each(words: Iterable[str]) -> frozenset[str]:
    """The words as a set, in which the second time that one occurs is another word."""
    counted: Counter[str] = Counter()
    numbered = []
    for word in words:
        counted[word] += 1
        numbered.append(word if counted[word] == 1 else f"{word} {counted[word]}")
    return frozenset(numbered)


def _similar(inputs: Sequence[frozenset[str]], least: float) -> Iterator[Pair]:
    """Pairs by prefix filtering: those that are similar share one of their rarest words.

    Chaudhuri, Ganti, Kaushik: A primitive operator for similarity joins in data cleaning, ICDE 2006.
    """
    frequency = Counter(word for words in inputs for word in words)
    holders: dict[str, list[int]] = {}
    for at, words in enumerate(inputs):
        rarest = sorted(words, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(words) - math.ceil(least * len(words)) + 1]
        for other in sorted({one for word in prefix for one in holders.get(word, ())}):
            shared = len(words & inputs[other])
            if (similarity := shared / (len(words) + len(inputs[other]) - shared)) >= least:
                yield Pair(other, at, similarity)
        for word in prefix:
            holders.setdefault(word, []).append(at)
