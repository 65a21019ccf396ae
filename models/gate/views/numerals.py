"""Text written in numbers and signs: pairs of hexadecimal digits, bits, character codes, Morse."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeAlias

from models.gate.views.readable import readable
from models.gate.views.view import Part
from models.gate.views.words import share

# A digit first, since the search for one of a few characters is the fastest; ASCII is 2x to 7x.
PAIRS = re.compile(
    r"[0-7](?<![0-9A-Za-z].)(?:x[0-7])?[0-9A-Fa-f](?:(?:[ \t,:;\-]{1,2}|\r?\n)(?:0x)?[0-9A-Fa-f]{2}){7,}"
    r"(?![0-9A-Za-z])"
)
BITS = re.compile(r"[01](?<![0-9A-Za-z].)[01]{7}(?:[\s,]{0,2}[01]{8}){3,}")
CODES = re.compile(r"[1-9](?<![0-9A-Za-z.].)\d{1,2}(?:[\s,;]{1,2}\d{2,3}){7,}(?![0-9A-Za-z.])")
MORSE = re.compile(r"(?<![.\-\w])(?:[.\-]{1,6}(?: {1,3}| ?[/|] ?)){5,}[.\-]{1,6}(?![.\-])")
FEWEST = 16
"""Digits below which there is nothing to look for,"""
FEWEST_SIGNS = 5
"""and signs of Morse that begin a letter."""
TOLD = 0.3
"""Share of common words in what is read: tables are full of numbers that could be letters."""
EVIDENT = 0.1
"""Letters a pair from which on pairs are hexadecimal, so that what is read may be of any language."""

SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- "
    "-. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
)
LETTERS = dict(zip(SIGNS.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))


def numerals(text: str) -> Iterator[tuple[str, Part]]:
    """What is written in numbers and signs, with the way it is."""
    digits = sum(map(text.count, "0123456789")) >= FEWEST
    signs = text.count(" .") + text.count(" -") >= FEWEST_SIGNS
    for kind, pattern, decode in chain(NUMBERS if digits else (), SIGNALS if signs else ()):
        for match in pattern.finditer(text):
            read = decode(match[0])
            if read is not None:
                yield kind, Part(*match.span(), read)


def _pairs(run: str) -> str | None:
    digits = re.sub(r"0x|[\s,:;\-]", "", run)
    read = readable(bytes.fromhex(digits))
    return read if sum(map(str.isalpha, digits)) >= EVIDENT * len(digits) / 2 else _told(read)


def _bits(run: str) -> str | None:
    bits = re.sub(r"[\s,]", "", run)
    return readable(bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)))


def _codes(run: str) -> str | None:
    codes = [int(code) for code in re.findall(r"\d+", run)]
    return _told(readable(bytes(codes))) if max(codes) < 256 else None


def _morse(run: str) -> str | None:
    words = re.split(r" ?[/|] ?| {3,}", run)
    return _told(" ".join("".join(LETTERS.get(sign, "") for sign in word.split()) for word in words))


def _told(read: str | None) -> str | None:
    return read if read and share(read) >= TOLD else None


Way: TypeAlias = tuple[str, re.Pattern[str], Callable[[str], str | None]]
NUMBERS: tuple[Way, ...] = (("hex", PAIRS, _pairs), ("binary", BITS, _bits), ("codes", CODES, _codes))
SIGNALS: tuple[Way, ...] = (("morse", MORSE, _morse),)
