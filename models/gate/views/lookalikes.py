"""Letters of other scripts and rare ones that stand for Latin letters, read so where no real word is lost."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from unicodedata import combining, normalize

from models.gate.views.view import Part
from models.gate.views.words import known

# Alphabets in which there are such letters; scripts of syllables and signs end a word.
WORD = re.compile(
    "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u058f\u10a0-\u10ff\u13a0-\u167f\u16a0-\u16ff\u1d00-\u1fff"
    "\u2c60-\u2dff\ua4d0-\ua4ff\ua640-\ua69f\ua720-\ua7ff\uab30-\uabbf\U00010280-\U000118ff]+"
)
LATIN = re.compile(
    "[A-Za-z\u00c0-\u024f\u0250-\u02af\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f]"
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
    latin = _mostly_latin(text)
    # Without neighbours at both ends.
    words = [None, *WORD.finditer(text), None]
    for before, match, after in zip(words, words[1:], words[2:], strict=False):
        if match is None or match[0].isascii():
            continue
        beside = latin and any(word is not None and ASCII.search(word[0]) for word in (before, after))
        if read := _undisguised(match[0], beside):
            yield Part(*match.span(), read)


def _undisguised(word: str, beside: bool) -> str | None:
    """The Latin word, if this is one in disguise."""
    read = word.translate(lookalikes())
    if not read.isascii():
        read = "".join(letter for letter in normalize("NFD", read) if not combining(letter))
        read = read.translate(lookalikes())
    if read == word or len(read) != len(word) or not read.isascii():
        return None
    foreign = LATIN.sub("", word)
    if not foreign:
        return read if SMALL_CAPITALS.fullmatch(word) or (_rare(word) and known(read.lower())) else None
    if ASCII.search(word):
        return read if len(read) >= SURE or known(read.lower()) else None
    return read if beside and known(read.lower()) else None


def _rare(word: str) -> bool:
    """Whether a Latin word has letters other than accented ones, or an accent on most of its letters."""
    return any(ord(letter) in lookalikes() for letter in word)


def _mostly_latin(text: str) -> bool:
    latin = len(ASCII.findall(text))
    return latin >= MAJORITY * sum(len(word) for word in WORD.findall(text) if not word.isascii())


@cache
def _disguising() -> re.Pattern[str]:
    return re.compile("[" + "".join(map(chr, lookalikes())) + "]")
