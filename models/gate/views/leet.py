"""Words with digits and signs in place of letters: `1gn0r3`, `@ll`, `pa$$word`."""

import re
from collections.abc import Iterator
from itertools import product

from models.gate.views.view import Part
from models.gate.views.words import known

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
    "(": "c",
    "<": "c",
    "\u20ac": "e",
    "\xa3": "l",
    "\xa2": "c",
    "\xa5": "y",
}
SIGNS = re.escape("".join(ALIKE))
MIXED = re.compile(rf"(?:[A-Za-z][A-Za-z]*[{SIGNS}]|[{SIGNS}]+[A-Za-z])")
TOKEN = re.compile(rf"(?<![A-Za-z{SIGNS}])[A-Za-z{SIGNS}]{{2,24}}(?![A-Za-z{SIGNS}])")
SURE = 4
"""Letters of a word that is taken for one by itself; shorter ones only beside such a word."""
READINGS = 16
"""Tried of one word."""


def respelt(text: str) -> Iterator[Part]:
    """Words written with digits and signs as words of letters, where that makes them English ones.

    A short one, or one that is not in the list of words, counts only in company: `2fa` and `sha256` stay.
    """
    if not MIXED.search(text):
        return
    tokens = [match for match in TOKEN.finditer(text) if not match[0].isalpha()]
    found = {match.start(): word for match in tokens if (word := _word(match[0]))}
    if not any(len(word) >= SURE for word in found.values()):
        return
    many = len(found) >= 3
    for match in tokens:
        word = found.get(match.start())
        if word is None and many and re.search("[A-Za-z]", match[0]):
            word = match[0].translate(FIRST)
        if word is not None and (len(word) >= SURE or many):
            yield Part(match.start(), match.start() + len(word), word)


FIRST = str.maketrans({sign: letters[0] for sign, letters in ALIKE.items()})


def _word(token: str) -> str | None:
    """The English word that a token is, or None; signs at its end are punctuation."""
    stripped = token.rstrip("!|+(<")
    if stripped.isalpha() or (stripped.isdigit() and len(stripped) < 3):
        return None
    readings = product(*(ALIKE.get(letter, letter) for letter in stripped))
    for _, letters in zip(range(READINGS), readings, strict=False):
        word = "".join(letters)
        if known(word.lower()):
            return word
    return None
