"""Words with digits and signs in place of letters: `1gn0r3`, `@ll`, `pa$$word`."""

import re
from collections.abc import Container, Iterator
from itertools import islice, product

from models.gate.views.view import Part
from models.gate.views.words import common, ranks

ALIKE = {
    "0": "o",
    "1": "il",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "gb",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "il",
    "|": "il",
    "+": "t",
    "\u20ac": "e",
    "\xa3": "l",
    "\xa2": "c",
    "\xa5": "y",
}
FIRST = str.maketrans({sign: letters[0] for sign, letters in ALIKE.items()})
SIGNS = re.escape("".join(ALIKE))
# A sign first, since the search for one of a few characters is the fastest.
HINT = re.compile(r"[0-9@$|!+\u20ac\xa3\xa2\xa5](?:[A-Za-z]|(?<=[A-Za-z].))")
TOKEN = re.compile(rf"(?<![A-Za-z{SIGNS}])[A-Za-z]*+[{SIGNS}][A-Za-z{SIGNS}]*+")
"""A run of letters and signs that is not of letters alone."""
MIXED = re.compile(r"[A-Za-z]*[0-9@$|!]+[A-Za-z]")
LETTER = re.compile("[A-Za-z]")
TRAILING = "!|+"
LONGEST = 24
SURE = 4
"""Letters of a word that is taken for one by itself; shorter ones only among others."""
MANY, DENSE = 3, 0.3
"""Words with a sign before a letter, and their share, from which on all words are respelt, known or not."""
READINGS = 8
"""Tried of one word."""


def respelt(text: str) -> Iterator[Part]:
    """Words written with digits and signs as words of letters, where that makes them English ones.

    A short one, or one that is not in the list of words, counts only in company: `2fa` and `sha256` stay.
    """
    if not HINT.search(text):
        return
    tokens = [match for match in TOKEN.finditer(text) if _shaped(match)]
    mixed = sum(bool(MIXED.search(match[0])) for match in tokens)
    dense = mixed >= MANY and mixed >= DENSE * len(text.split())
    many = dense and any(LETTER.search(match[0]) and _read(match[0], common()) for match in tokens)
    for match in tokens:
        read = _read(match[0], ranks()) or _spelt(match[0]) if many else _sure(match[0])
        if read:
            yield Part(match.start(), match.start() + len(read), read)


def _shaped(match: re.Match[str]) -> bool:
    """Whether a token could be a word: a run of base64 is none."""
    return match.end() - match.start() <= LONGEST


def _sure(token: str) -> str | None:
    """The English word that a token is, if it is long and has letters: of a year, too, one could be made."""
    read = _read(token, ranks()) if LETTER.search(token) else None
    return read if read and len(read) >= SURE else None


def _read(token: str, among: Container[str]) -> str | None:
    """The commonest of these words that a token can be, or None; signs at its end are punctuation."""
    stripped = token.rstrip(TRAILING)
    if stripped.isalpha():
        return None
    readings = product(*(ALIKE.get(letter, letter) for letter in stripped))
    words = map("".join, islice(readings, READINGS))
    found = [word for word in words if word.lower() in among]
    return min(found, key=lambda word: ranks().get(word.lower(), len(ranks())), default=None)


def _spelt(token: str) -> str | None:
    """A token as letters, whether or not that is a word; a number stays one."""
    stripped = token.rstrip(TRAILING)
    return None if stripped.isalpha() or stripped.isdigit() else stripped.translate(FIRST)
