"""Letters that are set apart, `i g n o r e`, and words that are run together."""

import re
from collections import Counter
from collections.abc import Iterator

from models.gate.views.view import Part
from models.gate.views.words import divided, known

# White space, ASCII punctuation with the underscore, middle dots, bullets, dashes and ellipses.
GAP = r"[\s!-/:-@\[-`{-~\xb7\u2010-\u2027]"
LONE = r"[^\W_](?![^\W_])"
APART = re.compile(rf"(?<![^\W_]){LONE}(?:{GAP}{{1,6}}{LONE}){{3,}}")
GAPS = re.compile(rf"{GAP}+")
LETTER = re.compile(r"[^\W\d_]")
MANY = 10
"""Letters of a run that is one in whatever language it is,"""
LONG = 3
"""if its words have so many on average: formulas have fewer."""

CLUMP = 18
"""Letters of a run of words; few words are so long."""
SEVERAL = 4
"""Words of a run; names in code often have three."""
TOGETHER = re.compile(rf"(?<![A-Za-z])[A-Za-z]{{{CLUMP},}}(?![A-Za-z])")


def spaced(text: str) -> Iterator[Part]:
    """Runs of four and more letters set apart by the same sign, joined to words."""
    for match in APART.finditer(text):
        if (read := _joined(match[0])) is not None:
            yield Part(*match.span(), read)


def clumped(text: str) -> Iterator[Part]:
    """Words run together, or joined by underscores: `ignoreallprevious`, `ignore_all_previous_rules`."""
    if all(len(word) < CLUMP for word in text.split()):
        return
    for match in TOGETHER.finditer(text):
        if not known(match[0].lower()) and (words := divided(match[0])) and len(words) >= SEVERAL:
            yield Part(*match.span(), " ".join(words))


def _joined(run: str) -> str | None:
    """The words of a run of lone letters, or None if that says nothing."""
    letters, gaps = GAPS.split(run), GAPS.findall(run)
    usual = Counter(gaps).most_common(1)[0][0]
    words = [letters[0]]
    for gap, letter in zip(gaps, letters[1:], strict=True):
        if gap == usual:
            words[-1] += letter
        else:
            words.append(letter)
    read = [_read(word) for word in words]
    told = any(len(word) > 3 and known(word.lower()) for each in read for word in each.split())
    long = len(letters) >= MANY and len(letters) >= LONG * len(words) and LETTER.search(run)
    return " ".join(read) if told or long else None


def _read(word: str) -> str:
    """The word, cut into words if it is none."""
    return word if known(word.lower()) else " ".join(divided(word) or [word])
