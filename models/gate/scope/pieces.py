"""A request as the embedding model can read it: in pieces none of which is cut off; and its language."""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from models.embeddings.minilm import MAX_TOKENS
from models.gate.windows import windows
from models.language import detect, other_script
from models.text import STOP_WORDS

SIZE = 800
"""Characters, of which most texts have about 200 tokens; neighbouring pieces overlap by half."""
ROOM = MAX_TOKENS - 2
"""Tokens of a piece besides the two around it."""
WORD = re.compile(r"[^\W\d_]+")
OTHER = "other"
"""Every language of another script."""


@runtime_checkable
class Counts(Protocol):
    """An embedding model that says how many tokens a text has."""

    def count_tokens(self, text: str) -> int:
        """Tokens without those around them."""
        ...


def pieces(text: str, embedder: object) -> list[tuple[int, int]]:
    """Character ranges that cover the text, each short enough to be read to its end."""
    cut = windows(len(text), SIZE, SIZE // 2)
    if not isinstance(embedder, Counts):
        return cut
    return [part for start, end in cut for part in _fitting(text, start, end, embedder)]


def _fitting(text: str, start: int, end: int, embedder: Counts) -> Iterator[tuple[int, int]]:
    # A piece of so few characters has at most so many tokens, whatever the script.
    if end - start <= ROOM // 4 or embedder.count_tokens(text[start:end]) <= ROOM:
        yield start, end
        return
    middle = (start + end) // 2
    yield from _fitting(text, start, middle, embedder)
    yield from _fitting(text, middle, end, embedder)


def languages(texts: Iterable[str]) -> set[str]:
    """The languages that the texts are written in; English where that cannot be told."""
    return {_language(text) for text in texts}


def _language(text: str) -> str:
    if other_script(text):
        return OTHER
    words = [word.casefold() for word in WORD.findall(text)]
    return detect(words, sum(word in STOP_WORDS for word in words))
