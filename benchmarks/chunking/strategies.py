"""Ways of cutting a text, by name; each gives spans of it, or texts that are none."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.chunking.collection import Text
from benchmarks.chunking.vectors import Cached
from models.text import sentences
from tools.index.chunks import cut, embedded
from tools.index.document import Document
from tools.index.structure import paragraphs


class Cut(NamedTuple):
    """A chunk."""

    start: int
    """In the text; -1 if the chunk is not a span of it."""
    text: str
    embedded: str


Strategy = Callable[[Text, Cached], Iterator[Cut]]


def recursive(size: int, overlap: int) -> Strategy:
    """LangChain's `RecursiveCharacterTextSplitter`, sizes in characters."""

    def strategy(document: Text, _model: Cached) -> Iterator[Cut]:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        yield from _located(document, RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap))

    return strategy


def markdown(document: Text, _model: Cached) -> Iterator[Cut]:
    """LangChain's `MarkdownTextSplitter` at its defaults."""
    from langchain_text_splitters import MarkdownTextSplitter

    yield from _located(document, MarkdownTextSplitter())


def headers(document: Text, _model: Cached) -> Iterator[Cut]:
    """LangChain's `MarkdownHeaderTextSplitter`."""
    from langchain_text_splitters import MarkdownHeaderTextSplitter

    splitter = MarkdownHeaderTextSplitter([("#" * level, str(level)) for level in range(1, 5)])
    yield from _found(document, [one.page_content for one in splitter.split_text(document.text)])


def tokens(size: int, overlap: int) -> Strategy:
    """Windows of so many tokens of the embedding model."""

    def strategy(document: Text, model: Cached) -> Iterator[Cut]:
        offsets = model.offsets(document.text)
        for first in range(0, max(1, len(offsets) - overlap), size - overlap):
            part = offsets[first : first + size]
            yield from _spans(document, [(part[0][0], part[-1][1])])

    return strategy


def sentence_groups(count: int) -> Strategy:
    """So many sentences."""

    def strategy(document: Text, _model: Cached) -> Iterator[Cut]:
        found = sentences(document.text)
        groups = [found[first : first + count] for first in range(0, len(found), count)]
        yield from _spans(document, [(group[0][0], group[-1][1]) for group in groups])

    return strategy


def structured(target: int) -> Strategy:
    """Ours: sentences packed inside the document's structure, below its title; `target` in tokens."""

    def strategy(document: Text, model: Cached) -> Iterator[Cut]:
        title = (document.title,) if document.title else ()
        blocks = paragraphs(document.text, title)
        for chunk in cut(Document("s", document.text, blocks), model.count_tokens, target):
            text = document.text[chunk.start : chunk.end]
            yield Cut(chunk.start, text, embedded(chunk.title, text))

    return strategy


def _spans(document: Text, spans: list[tuple[int, int]]) -> Iterator[Cut]:
    for start, end in spans:
        yield Cut(start, document.text[start:end], document.text[start:end])


def _located(document: Text, splitter: object) -> Iterator[Cut]:
    yield from _found(document, splitter.split_text(document.text))  # type: ignore[attr-defined]


def _found(document: Text, texts: list[str]) -> Iterator[Cut]:
    """Where each text stands, looked for from the start of the one before it."""
    reached = 0
    for text in texts:
        start = document.text.find(text, reached)
        reached = start + 1 if start >= 0 else reached
        yield Cut(start, text, text)


STRATEGIES: dict[str, Strategy] = {
    "recursive 4000/200": recursive(4_000, 200),
    "recursive 1200/0": recursive(1_200, 0),
    "recursive 800/0": recursive(800, 0),
    "markdown 4000/200": markdown,
    "markdown headers": headers,
    "254 tokens": tokens(254, 0),
    "200 tokens": tokens(200, 0),
    "128 tokens": tokens(128, 0),
    "200 tokens, 50 shared": tokens(200, 50),
    "5 sentences": sentence_groups(5),
    **{f"ours {target}": structured(target) for target in (64, 100, 128, 150, 200, 240)},
}
