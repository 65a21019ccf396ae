"""Which English words there are, and where they end when nothing stands between them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from math import log

from models.embeddings.minilm import TOKENIZER
from models.language import stop_words

LONG = re.compile(r"[^\W\d_]{3,}")
ASCII_LONG = re.compile("[a-z]{3,}")
SHORT = re.compile("[ai]|a[mnst]|b[ey]|do|go|he|i[fnst]|m[ey]|no|o[fnr]|so|to|u[ps]|we")
ABSENT = ("chatbot", "decode", "jailbreak", "override", "overrides", "unfiltered", "uncensored", "verbatim")
"""Words of the field that the tokenizer has in pieces only."""

LONGEST = 18
UNKNOWN = 14.0
"""What a letter outside of any word costs; the rarest word costs 10."""
EVIDENT, MOST = 0.6, 0.9
"""Share of the letters in words of three and more, and in words at all, from which on a cut is believed."""


@cache
def ranks() -> Mapping[str, int]:
    """English words, case-folded, by frequency: the whole words of MiniLM's tokenizer, which is BERT's."""
    vocabulary: dict[str, int] = json.loads(TOKENIZER.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in vocabulary if ASCII_LONG.fullmatch(word) or SHORT.fullmatch(word)]
    words.sort(key=vocabulary.__getitem__)
    return {word: rank for rank, word in enumerate((*words, *ABSENT))}


def known(word: str) -> bool:
    """Whether this is an English word; case-folded."""
    return word in ranks()


@cache
def common() -> frozenset[str]:
    """English words, and those that every text of another language has, of three and more letters."""
    others = (word for words in stop_words().values() for word in words)
    return frozenset(filter(LONG.fullmatch, chain(ranks(), others)))


def long_words(text: str) -> list[str]:
    """The words of three and more letters, case-folded."""
    return (ASCII_LONG if text.isascii() else LONG).findall(text.lower())


def share(text: str) -> float:
    """The share of common ones among the words of three and more letters."""
    words = long_words(text)
    return sum(word in common() for word in words) / len(words) if words else 0.0


def divided(letters: str) -> list[str] | None:
    """The words of which these letters are made up, or None if they are not evidently English words.

    The cheapest cut by Zipf's law (Viterbi): a word costs the logarithm of its rank.
    """
    words = list(_cheapest(letters))
    told = [len(word) for word in words if known(word.lower())]
    if sum(told) < MOST * len(letters) or sum(size for size in told if size > 2) < EVIDENT * len(letters):
        return None
    return words


def _cheapest(letters: str) -> Iterator[str]:
    lowered, costs = letters.lower(), _costs()
    if len(lowered) != len(letters):
        return iter((letters,))
    best, lengths = [0.0], [0]
    for end in range(1, len(lowered) + 1):
        cost, length = best[end - 1] + UNKNOWN, 1
        for size in range(1, min(LONGEST, end) + 1):
            word = costs.get(lowered[end - size : end])
            if word is not None and best[end - size] + word < cost:
                cost, length = best[end - size] + word, size
        best.append(cost)
        lengths.append(length)
    return reversed([*_back(letters, lengths)])


def _back(letters: str, lengths: list[int]) -> Iterator[str]:
    end = len(letters)
    while end:
        yield letters[end - lengths[end] : end]
        end -= lengths[end]


@cache
def _costs() -> Mapping[str, float]:
    return {word: log(rank + 10) for word, rank in ranks().items()}
