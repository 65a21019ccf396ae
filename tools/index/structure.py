"""The structure of a text: its headings, paragraphs, lists, tables and code blocks as exact spans."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tools.index.document import MAX_BLOCKS, Block, Kind, heading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

PARAGRAPH = re.compile(r"\S.*(?:\n[^\S\n]*\S.*)*")
LINE_END = re.compile(r"\r\n?|\n")
"""What the parser takes for the end of a line."""
EMPHASIS = re.compile(r"[*`]+")
KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "table_open": "lines",
    "fence": "lines",
    "code_block": "lines",
}


class _Part(NamedTuple):
    first: int
    """First line."""
    last: int
    """Line after the last one."""
    kind: Kind = "prose"
    level: int = 0
    """Of a heading, 1 to 6."""
    name: str = ""
    """Of a heading."""


def paragraphs(text: str, title: tuple[str, ...] = ()) -> tuple[Block, ...]:
    """The blocks of a plain text: what stands between blank lines; at most MAX_BLOCKS + 1."""
    found = islice(PARAGRAPH.finditer(text), MAX_BLOCKS + 1)
    return tuple(_block(text, *one.span(), "prose", title) for one in found)


def markdown(text: str, title: tuple[str, ...] = ()) -> tuple[Block, ...]:
    """The blocks of a Markdown text (CommonMark with tables), below `title`."""
    starts = [0, *(line.end() for line in LINE_END.finditer(text)), len(text)]
    blocks: list[Block] = []
    path: list[_Part] = []
    for part in _without_gaps(_parts(text), len(starts) - 1):
        if part.kind == "heading":
            path = [*(above for above in path if above.level < part.level), part]
        start, end = starts[part.first], starts[part.last]
        if text[start:end].strip():
            above = (*title, *(one.name for one in path if one.name))
            blocks.append(_block(text, start, end, part.kind, above))
    return tuple(blocks)


def _block(text: str, start: int, end: int, kind: Kind, title: tuple[str, ...]) -> Block:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return Block(start, start + len(inner.strip()), kind, title)


def _parts(text: str) -> Iterator[_Part]:
    tokens = _parser().parse(text)
    for place, token in enumerate(tokens):
        if token.level or not token.map:
            continue
        first, last = token.map
        kind = KINDS.get(token.type, "prose")
        if kind == "heading":
            name = heading(EMPHASIS.sub("", tokens[place + 1].content))
            yield _Part(first, last, kind, int(token.tag[1:]), name)
        else:
            yield _Part(first, last, kind)


def _without_gaps(parts: Iterator[_Part], lines: int) -> Iterator[_Part]:
    """The parts, and the lines between them that the parser consumed (link definitions)."""
    reached = 0
    for part in parts:
        if part.first > reached:
            yield _Part(reached, part.first)
        yield part
        reached = max(reached, part.last)
    if reached < lines:
        yield _Part(reached, lines)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # Inline markup is of no use here, and what it costs on hostile text is saved.
    return MarkdownIt("commonmark").enable("table").disable("inline")
