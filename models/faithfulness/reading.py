"""What is read of a claim and of its evidence: words, names, numbers, sentence by sentence, bounded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from unicodedata import normalize

from models.faithfulness.numbers import Quantity, quantities
from models.faithfulness.polarity import Stance, stance, words
from models.offline.rarity import coverage, weights
from models.text import STOP_WORDS, sentences, terms

MAX_EVIDENCE = 200_000
"""Characters of evidence that are read; of longer evidence the sentences that share words with the claim."""
MAX_CLAIM = 2_000
MAX_SENTENCE = 1_000
"""A longer sentence, such as a table without line breaks, is cut into pieces."""
NEAREST = 16
"""Sentences of the evidence that a claim is held against one by one."""
WORD = re.compile(r"\w+(?:[-_./'’]\w+)*")
PERSONS = words("i me my mine myself we us our you your yours im ive id youre")


@dataclass(frozen=True)
class Name:
    """A capitalised word or a code in a claim: `text[start:end]`."""

    start: int
    end: int
    word: str


@dataclass(frozen=True)
class Read:
    """A piece of text as it is compared."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        """Every word, in lower case."""
        return [word.replace("’", "'") for word in WORD.findall(normalize("NFKC", self.text).lower())]

    @cached_property
    def terms(self) -> frozenset[str]:
        """Stemmed terms without stop words."""
        return frozenset(terms(self.text))

    @cached_property
    def weights(self) -> dict[str, float]:
        """Each term with the rarity of its word."""
        return weights(self.text)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The numbers."""
        return list(quantities(self.text))

    @cached_property
    def stance(self) -> Stance:
        """Negations and directions."""
        return stance(part for word in self.words for part in re.split(r"[-_./']", word))

    def grams(self, n: int) -> set[tuple[str, ...]]:
        """The runs of n words."""
        return set(zip(*(self.words[at:] for at in range(n)), strict=False))


def names(text: str) -> list[Name]:
    """Capitalised words and codes; the first word of a sentence only where it cannot be an ordinary one."""
    found = []
    starts = {start for start, _ in sentences(text)}
    for match in WORD.finditer(text):
        word = match[0].removesuffix("'s").removesuffix("’s")
        code = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
        shouted = word[1:] != word[1:].lower()
        plain_first = match.start() in starts and not (code or shouted)
        if (code or word[:1].isupper()) and not plain_first and word.lower() not in STOP_WORDS:
            found.append(Name(match.start(), match.start() + len(word), word))
    return found


def pieces(texts: Sequence[str], claim: str = "") -> list[Read]:
    """The different sentences of the evidence, long ones cut, in an order that does not depend on theirs.

    Of more than MAX_EVIDENCE characters only the lines are read that share a word with the claim, those with
    more of them first.
    """
    if sum(map(len, texts)) > MAX_EVIDENCE:
        texts = _pruned(texts, claim)
    found = {
        text[at : min(at + MAX_SENTENCE, end)].strip()
        for text in texts
        for start, end in sentences(text)
        for at in range(start, end, MAX_SENTENCE)
    }
    return [Read(one) for one in sorted(found) if one]


def _pruned(texts: Sequence[str], claim: str) -> list[str]:
    """Lines, long ones cut, that share most words with the claim, up to MAX_EVIDENCE characters."""
    words = {word.lower() for word in WORD.findall(claim)} - STOP_WORDS
    lines = {
        line[at : at + MAX_SENTENCE]
        for text in texts
        for line in text.splitlines()
        for at in range(0, len(line), MAX_SENTENCE)
    }
    ranked = sorted((-len(words & set(WORD.findall(line.lower()))), line) for line in lines)
    kept, left = list[str](), MAX_EVIDENCE
    for shared, line in ranked:
        if not shared or left < len(line):
            break
        kept.append(line)
        left -= len(line)
    return kept


def nearest(claim: Read, evidence: Sequence[Read], most: int = NEAREST) -> list[Read]:
    """The sentences that cover most of the claim, best first; shorter ones first among equals."""
    ranked = sorted(evidence, key=lambda one: (-coverage(claim.weights, one.terms), len(one.text), one.text))
    return ranked[:most]
