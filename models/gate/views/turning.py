"""Letters turned in the alphabet (ROT13) and words written backwards."""

import codecs
import re
from collections.abc import Callable, Iterator
from functools import cache

from models.gate.views.view import Part
from models.gate.views.words import common, long_words

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
WITHIN = 12
"""Characters between two words of a run, at most."""
FEWEST = 2
"""Different words that a text has when it is turned, and not before."""
ENOUGH = 0.3
"""Their share of the words of three and more letters in a run: of most languages few words are known."""
Turn = Callable[[str], str]


def turned(text: str) -> Iterator[tuple[str, list[Part]]]:
    """What is language when letters are moved by 13, all is read backwards, or each word is."""
    words = frozenset(long_words(text))
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
    """Common words as they look when turned, without those that are words then, too."""
    return frozenset(map(turn, common())) - common()


def _runs(text: str, words: frozenset[str], turned: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where words stand that are common when turned; two common words as they are end a run."""
    if len(words & turned) < FEWEST:
        return
    run: list[re.Match[str]] = []
    plain = 0
    for match in WORD.finditer(text):
        word = match[0].lower()
        plain = plain + 1 if word in common() and word not in turned else 0
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
    words = [match for match in run[hits[0] : hits[-1] + 1] if len(match[0]) > 2]
    if len(hits) >= ENOUGH * len(words):
        yield run[0].start(), run[-1].end()
