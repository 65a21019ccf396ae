"""Letters turned in the alphabet (ROT13) and words written backwards."""

import codecs
import re
from collections.abc import Callable, Iterator
from functools import cache

from models.gate.views.view import Part
from models.gate.views.words import known, ranks

LONG = re.compile("[a-z]{3,}")
WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
WITHIN = 12
"""Characters between two words of a run, at most."""
FEWEST = 2
"""Different English words that a text has when it is turned, and not before."""
ENOUGH = 0.5
"""Share of English words in a run, of those with three and more letters."""
Turn = Callable[[str], str]


def turned(text: str) -> Iterator[tuple[str, list[Part]]]:
    """What is English when letters are moved by 13, all is read backwards, or each word is."""
    words = frozenset(LONG.findall(text.lower()))
    if runs := list(_runs(text, words, _rotated())):
        yield "rot13", [Part(start, end, rot13(text[start:end])) for start, end in runs]
    if runs := list(_runs(text, words, _reversed())):
        yield "reversed", [Part(start, end, backwards(text[start:end]), True) for start, end in runs]
        yield "mirrored", [Part(start, end, mirrored(text[start:end])) for start, end in runs]


def rot13(word: str) -> str:
    """Each letter moved by 13."""
    return codecs.encode(word, "rot13")


def backwards(word: str) -> str:
    """The letters from the last to the first."""
    return word[::-1]


def mirrored(text: str) -> str:
    """The letters of each word from the last to the first."""
    return WORD.sub(lambda word: word[0][::-1], text)


@cache
def _rotated() -> frozenset[str]:
    return _turned(rot13)


@cache
def _reversed() -> frozenset[str]:
    return _turned(backwards)


def _turned(turn: Turn) -> frozenset[str]:
    """English words as they look when turned, without those that are words then, too."""
    return frozenset(map(turn, filter(LONG.fullmatch, ranks()))) - ranks().keys()


def _runs(text: str, words: frozenset[str], turned: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where words stand that are English when turned; two English words as they are end a run."""
    if len(words & turned) < FEWEST:
        return
    run: list[re.Match[str]] = []
    plain = 0
    for match in WORD.finditer(text):
        word = match[0].lower()
        plain = plain + 1 if len(word) > 2 and word not in turned and known(word) else 0
        if run and (plain > 1 or match.start() - run[-1].end() > WITHIN):
            yield from _told(run, turned)
            run = []
        if plain < 2:
            run.append(match)
    yield from _told(run, turned)


def _told(run: list[re.Match[str]], turned: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The span of a run if it is language when turned."""
    hits = [place for place, match in enumerate(run) if match[0].lower() in turned]
    if len({run[place][0].lower() for place in hits}) < FEWEST:
        return
    # A short word before the first hit is one of its own as a rule; a long one is not.
    first = max(0, hits[0] - 1)
    words = [match for match in run[first : hits[-1] + 1] if len(match[0]) > 2]
    if len(hits) >= ENOUGH * len(words):
        yield run[first].start(), run[min(len(run) - 1, hits[-1] + 1)].end()
