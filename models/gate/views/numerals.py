"""Text written in numbers and signs: pairs of hexadecimal digits, bits, character codes, Morse."""

import re
from collections.abc import Callable, Iterator

from models.gate.views.readable import readable
from models.gate.views.view import Part
from models.gate.views.words import share

PAIRS = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:0x)?[0-9A-Fa-f]{2}(?:[ \t,:;\-]{1,2}|\r?\n)){7,}"
    r"(?:0x)?[0-9A-Fa-f]{2}(?![0-9A-Za-z])"
)
BITS = re.compile(r"(?<![0-9A-Za-z])(?:[01]{8}[\s,]{0,2}){4,}")
CODES = re.compile(r"(?<![0-9A-Za-z.])(?:\d{2,3}[\s,;]{1,2}){7,}\d{2,3}(?![0-9A-Za-z.])")
MORSE = re.compile(r"(?<![.\-\w])(?:[.\-]{1,6}(?: {1,3}| ?[/|] ?)){5,}[.\-]{1,6}(?![.\-])")
TOLD = 0.5
"""Share of English words in what is read: tables are full of numbers that could be letters."""

SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- "
    "-. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
)
LETTERS = dict(zip(SIGNS.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))


def numerals(text: str) -> Iterator[tuple[str, Part]]:
    """What is written in numbers and signs, with the way it is."""
    for kind, pattern, decode in WAYS:
        for match in pattern.finditer(text):
            read = decode(match[0])
            if read and share(read) >= TOLD:
                yield kind, Part(*match.span(), read)


def _pairs(run: str) -> str | None:
    return readable(bytes.fromhex(re.sub(r"0x|[\s,:;\-]", "", run)))


def _bits(run: str) -> str | None:
    bits = re.sub(r"[\s,]", "", run)
    return readable(bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)))


def _codes(run: str) -> str | None:
    codes = [int(code) for code in re.findall(r"\d+", run)]
    return readable(bytes(codes)) if max(codes) < 127 else None


def _morse(run: str) -> str | None:
    words = re.split(r" ?[/|] ?| {3,}", run)
    return " ".join("".join(LETTERS.get(sign, "") for sign in word.split()) for word in words)


WAYS: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("hex", PAIRS, _pairs),
    ("binary", BITS, _bits),
    ("codes", CODES, _codes),
    ("morse", MORSE, _morse),
)
