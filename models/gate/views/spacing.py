"""Letters that are set apart, `i g n o r e`, and words that are run together."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from models.gate.views.view import Part
from models.gate.views.words import divided, known
from models.text import MARKS

# Anything but letters, digits and the marks that stand within words of other scripts.
GAP = rf"(?:_|[^\w{MARKS}])"
LONE = r"[^\W_](?![^\W_])"
APART = re.compile(rf"(?<![^\W_]){LONE}(?:{GAP}{{1,6}}{LONE}){{3,}}")
GAPS = re.compile(f"{GAP}+")
LETTER = re.compile(r"[^\W\d_]")
MANY = 10
"""Letters of a run that is one in whatever language it is,"""
LONG = 3
"""if its words have so many on average: formulas have fewer."""

CLUMP = 18
"""Letters of a run of words; few words are so long."""
INNER = re.compile(r"[-.*|~](?<=[A-Za-z].)[A-Za-z]")
PIECES = re.compile(r"(?<![A-Za-z])[A-Za-z]+(?:[-.*|~][A-Za-z]+)+(?![A-Za-z])")
LETTERS = re.compile("[A-Za-z]+")
SHORTEST, FEWEST = 4, 3
"""Letters of a word with signs within, and how many such words are needed: some spell co-operate so."""
SEVERAL = 4
"""Words of a run; names in code often have three."""
TOGETHER = re.compile(rf"(?<![A-Za-z])[A-Za-z]{{{CLUMP},}}(?![A-Za-z])")


def spaced(text: str) -> Iterator[Part]:
    """Runs of four and more letters set apart by the same sign, joined to words."""
    for match in APART.finditer(text):
        if (read := _joined(match[0])) is not None:
            yield Part(*match.span(), read)


def clumped(text: str) -> Iterator[Part]:
    """Four and more words run together: `ignoreallpreviousrules`."""
    if max(map(len, text.split()), default=0) < CLUMP:
        return
    for match in TOGETHER.finditer(text):
        if not known(match[0].lower()) and (words := divided(match[0])) and len(words) >= SEVERAL:
            yield Part(*match.span(), " ".join(words))


def hyphenated(text: str) -> list[Part]:
    """Words with signs at several places within, `in-struc-tions`, if there are several such words."""
    if not INNER.search(text):
        return []
    found = []
    for match in PIECES.finditer(text):
        letters = "".join(filter(str.isalpha, match[0]))
        pieces = map(str.lower, LETTERS.findall(match[0]))
        if len(letters) >= SHORTEST and known(letters.lower()) and not all(map(known, pieces)):
            found.append(Part(*match.span(), letters))
    return found if len(found) >= FEWEST else []


def _joined(run: str) -> str | None:
    """The words of a run of lone letters, or None if that says nothing."""
    letters, gaps = GAPS.split(run), GAPS.findall(run)
    usual = Counter(gaps).most_common(1)[0][0]
    signs = ("" if gap == usual else " " for gap in gaps)
    words = "".join(chain.from_iterable(zip(letters, (*signs, ""), strict=True))).split()
    read = [_read(word) for word in words]
    told = any(len(word) > 3 and known(word.lower()) for each in read for word in each.split())
    long = len(letters) >= MANY and len(letters) >= LONG * len(words) and LETTER.search(run)
    return " ".join(read) if told or long else None


def _read(word: str) -> str:
    """The word, cut into words if it is none."""
    return word if known(word.lower()) else " ".join(divided(word) or [word])
