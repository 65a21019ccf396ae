"""Cutting a document into chunks that an embedding model reads whole; each is an exact span of the text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from models.text import sentences
from tools.index.document import Block, Document

READ_TOKENS = 254
"""What MiniLM reads of a text: 256 without [CLS] and [SEP]. A chunk and its title path fit in it."""
TARGET_TOKENS = 150
"""A chunk is closed when the next sentence would lead beyond it."""
TITLE_TOKENS = 64
"""Of the title path, at most; what is left out are its outer headings."""
WORD_CHARS = 100
"""A longer run without white space is cut."""

WORD = re.compile(rf"\S{{1,{WORD_CHARS}}}")
LINE = re.compile(r"\S(?:.*\S)?")

Count: TypeAlias = Callable[[str], int]


class Chunk(NamedTuple):
    """A span of the text, and the headings that lead to it."""

    start: int
    end: int
    title: tuple[str, ...]


class _Span(NamedTuple):
    start: int
    end: int
    tokens: int


@dataclass
class _Packer:
    """Collects spans under one title path until the chunk is full."""

    title: tuple[str, ...]
    room: int
    """Tokens beside the title path."""
    target: int
    done: list[Chunk] = field(default_factory=list)
    start: int = -1
    end: int = -1
    used: int = 0
    bare: bool = True
    """Whether it holds nothing but headings, which are not left alone."""

    def alone(self) -> int:
        """Tokens that a block may have to stand in a chunk of its own."""
        return self.room - (self.used if self.bare else 0)

    def add(self, span: _Span, is_heading: bool) -> None:
        limit = self.room if self.bare else self.room - (READ_TOKENS - self.target)
        if self.used + span.tokens > limit:
            self.close()
        self.start = span.start if self.start < 0 else self.start
        self.end = span.end
        self.used += span.tokens
        self.bare = self.bare and is_heading

    def close(self) -> None:
        if self.start >= 0:
            self.done.append(Chunk(self.start, self.end, self.title))
        self.start, self.used, self.bare = -1, 0, True


def cut(document: Document, count: Count, target: int = TARGET_TOKENS) -> list[Chunk]:
    """The chunks of a document, in order; together they hold all of its text but white space.

    A block is kept whole where it fits, else it is cut between sentences (tables and code: between lines),
    and only a sentence that does not fit alone is cut between words. No chunk reaches across a heading, but
    headings without a text of their own go with the first text below them.

    Args:
        document: What to cut.
        count: Number of tokens of a text, without special tokens.
        target: Tokens, with the title path, beyond which no further sentence joins a chunk.
    """
    sections = _sections(document.blocks)
    return [chunk for section in sections for chunk in _pack(document.text, section, count, target)]


def embedded(title: tuple[str, ...], text: str) -> str:
    """What is embedded for a chunk: its text below the headings that it does not hold itself."""
    missing = [name for name in title if name not in text]
    return "\n".join([" > ".join(missing), text]) if missing else text


def approximate(text: str) -> int:
    """A cautious number of tokens, for embedding models that do not tell."""
    return 1 + len(text.encode()) // 3


def _sections(blocks: tuple[Block, ...]) -> Iterator[list[Block]]:
    """Runs of blocks under one heading; a heading without text is joined with what follows."""
    section: list[Block] = []
    for block in blocks:
        has_text = bool(section) and section[-1].kind != "heading"
        if has_text and (block.kind == "heading" or block.title != section[-1].title):
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _pack(text: str, section: list[Block], count: Count, target: int) -> list[Chunk]:
    title = _fitting(section[-1].title, count)
    packer = _Packer(title, READ_TOKENS - (count(" > ".join(title)) if title else 0), target)
    for block in section:
        spans = _spans(text, block, packer.room, count)
        whole = sum(span.tokens for span in spans)
        if spans and whole <= packer.alone():
            spans = [_Span(block.start, block.end, whole)]
        for span in spans:
            packer.add(span, block.kind == "heading")
    packer.close()
    return packer.done


def _fitting(title: tuple[str, ...], count: Count) -> tuple[str, ...]:
    """The inner end of a title path that has at most TITLE_TOKENS tokens."""
    for first in range(len(title)):
        if count(" > ".join(title[first:])) <= TITLE_TOKENS:
            return title[first:]
    return ()


def _spans(text: str, block: Block, room: int, count: Count) -> list[_Span]:
    """Sentences or lines of a block; one that has more tokens than there is room becomes words."""
    if block.kind == "lines":
        inner = [found.span() for found in LINE.finditer(text, block.start, block.end)]
    else:
        part = text[block.start : block.end]
        inner = [(block.start + start, block.start + end) for start, end in sentences(part)]
    found: list[_Span] = []
    for start, end in inner:
        tokens = count(text[start:end])
        if tokens <= room:
            found.append(_Span(start, end, tokens))
        else:
            words = (word.span() for word in WORD.finditer(text, start, end))
            found += [_Span(first, last, count(text[first:last])) for first, last in words]
    return found
