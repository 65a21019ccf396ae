"""Which English words there are, and where they end when nothing stands between them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from math import log

from models.embeddings.minilm import TOKENIZER

WHOLE = re.compile("[a-z]{3,}")
SHORT = re.compile("[ai]|a[mnst]|b[ey]|do|go|he|i[fnst]|m[ey]|no|o[fnr]|so|to|u[ps]|we")
ABSENT = ("chatbot", "decode", "jailbreak", "override", "overrides", "unfiltered", "uncensored", "verbatim")
"""Words of the field that the tokenizer has in pieces only."""

LONGEST = 18
UNKNOWN = 14.0
"""What a letter outside of any word costs; the rarest word costs 10."""
EVIDENT = 0.8
"""Share of the letters in words of three and more from which on a cut is believed."""


@cache
def ranks() -> Mapping[str, int]:
    """English words, case-folded, by frequency: the whole words of MiniLM's tokenizer, which is BERT's."""
    vocabulary: dict[str, int] = json.loads(TOKENIZER.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in vocabulary if WHOLE.fullmatch(word) or SHORT.fullmatch(word)]
    words.sort(key=vocabulary.__getitem__)
    return {word: rank for rank, word in enumerate((*words, *ABSENT))}


def known(word: str) -> bool:
    """Whether this is an English word; case-folded."""
    return word in ranks()


def share(text: str) -> float:
    """The share of English ones among the words of three and more letters."""
    words = WHOLE.findall(text.lower())
    return sum(map(known, words)) / len(words) if words else 0.0


def divided(letters: str) -> list[str] | None:
    """The words of which these letters are made up, or None if they are not evidently English words.

    The cheapest cut by Zipf's law (Viterbi): a word costs the logarithm of its rank.
    """
    words = list(_cheapest(letters))
    if sum(len(word) for word in words if len(word) > 2 and known(word.lower())) < EVIDENT * len(letters):
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
