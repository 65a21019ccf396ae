"""Letters of other scripts and rare ones that stand for Latin letters, read so where no real word is lost."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from unicodedata import name

from models.gate.views.view import Part
from models.gate.views.words import known

# Alphabets in which there are such letters; scripts of syllables and signs end a word.
WORD = re.compile(
    "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u058f\u10a0-\u10ff\u13a0-\u167f\u16a0-\u16ff\u1d00-\u1fff"
    "\u2c60-\u2dff\ua4d0-\ua4ff\ua640-\ua69f\ua720-\ua7ff\uab30-\uabbf\U00010280-\U000118ff]+"
)
LATIN_WORD = re.compile(
    "[A-Za-z\u00c0-\u024f\u0250-\u02af\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f]+"
)
ASCII = re.compile("[A-Za-z]")
SMALL_CAPITALS = re.compile("[\u0250-\u02af\u1d00-\u1dbf\ua720-\ua7ff]{3,}")
SURE = 4
"""Letters of a word that need not be an English one if it mixes scripts: µm and Δx do so, too."""
MAJORITY = 3
"""So many times as many Latin letters as others: a word of other letters may then be a Latin one."""


@cache
def lookalikes() -> Mapping[int, str]:
    """The Latin letter that each one looks like."""
    lines = Path(__file__).with_name("lookalikes.txt").read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {ord(letter): latin for latin, letters in rows for letter in letters}


def latinised(text: str) -> Iterator[Part]:
    """Words in disguise, as Latin ones.

    A word that mixes scripts is one. A word all of letters that look Latin is one only if it is English,
    stands beside a Latin word, and the text is mostly Latin: real Russian and Greek stay as they are.
    """
    if text.isascii() or not _disguising().search(text):
        return
    words = list(WORD.finditer(text))
    read = [None if match[0].isascii() else _mixed(match[0]) for match in words]
    latin = [
        bool(new) or bool(LATIN_WORD.fullmatch(match[0])) for match, new in zip(words, read, strict=True)
    ]
    mostly = sum(latin) >= MAJORITY * (len(latin) - sum(latin))
    for place, match in enumerate(words):
        beside = mostly and any(latin[max(0, place - 1) : place + 2])
        new = read[place] or (_whole(match[0]) if beside and not latin[place] else None)
        if new:
            yield Part(*match.span(), new)


def _mixed(word: str) -> str | None:
    """The Latin word, if this is one with letters of other scripts, or with rare ones."""
    read = word.translate(lookalikes())
    if read == word or not LATIN_WORD.fullmatch(read):
        return None
    if LATIN_WORD.fullmatch(word):
        return read if SMALL_CAPITALS.fullmatch(word) or known(read.lower()) else None
    several = ASCII.search(word) or len({_script(letter) for letter in word}) > 1
    return read if several and (len(read) >= SURE or known(read.lower())) else None


def _whole(word: str) -> str | None:
    """The English word that these letters of another script look like."""
    read = word.translate(lookalikes())
    return read if read != word and known(read.lower()) else None


def _script(letter: str) -> str:
    return name(letter, "").partition(" ")[0]


@cache
def _disguising() -> re.Pattern[str]:
    return re.compile("[" + "".join(map(chr, lookalikes())) + "]")
