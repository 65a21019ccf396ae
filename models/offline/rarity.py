"""How much a word says: its rarity in English, read off the embedding model's vocabulary."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log

from models.embeddings.minilm import engine, readable
from models.text import terms

WORD = re.compile(r"\w+(?:[-_./]\w+)*")
# The vocabulary of BERT (uncased) lists whole words by falling frequency from this id on; idf goes with the
# logarithm of the rank (Zipf).
FIRST_WORD = 1996
VOCABULARY = 30522


@lru_cache(maxsize=50_000)
def rarity(word: str) -> float:
    """Between 0 (`the`) and 1 (a word that is not in the vocabulary, a code, a long number)."""
    ids = engine().tokenizer.encode(readable(word.lower()), add_special_tokens=False).ids
    if len(ids) != 1:
        return 1.0
    return log(max(ids[0] - FIRST_WORD, 0) + 1) / log(VOCABULARY - FIRST_WORD)


def weights(text: str) -> dict[str, float]:
    """The stemmed terms of a text, each with the rarity of the word it comes from."""
    return {term: rarity(word) for word in WORD.findall(text) for term in terms(word)}


def coverage(wanted: Mapping[str, float], found: Iterable[str]) -> float:
    """The share of the wanted terms' weight that is found; 0 if nothing is wanted."""
    total = sum(wanted.values())
    return sum(wanted[term] for term in wanted.keys() & set(found)) / total if total else 0.0
