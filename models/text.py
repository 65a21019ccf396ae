"""Sentences and index terms of a text; models and tools share them, so that both see the same words."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

from models.language import ENGLISH, SURE, detect, english, other_script, other_terms

WINDOW = 5_000
"""Characters handed to the sentence splitter at once: quotation marks cost it the square of their number."""

# Everything that begins a line of its own meaning ends the sentence before it, punctuated or not.
BLOCK = re.compile(
    r"(?P<code>^[^\S\n]*+(?P<fence>`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[^\S\n]*(?P=fence)[^\n]*$|\Z))"
    r"|(?P<gap>\n[^\S\n]*(?=\n))"
    r"|(?P<line>^(?=[^\S\n]*(?:[-*+•|]|\#{1,6}|\d{1,9}[.)])(?:\s|(?<=\|))))",
    re.MULTILINE | re.DOTALL,
)
WHOLE = re.compile(r"\s*(?:\||`{3}|~{3})")
MARKER = re.compile(r"\s*(?:[-*+•]|#{1,6}|\d{1,9}[.)])\s+")
# Lone surrogates, which the splitter does not take, and backticks, which it takes for quotation marks.
UNREADABLE = re.compile(r"[\ud800-\udfff`]")
CLOSING = re.compile(r"[*_)\]\"'”’»]+(?!\S)")
INLINE_CODE = re.compile(r"(?<!`)(?P<ticks>`{1,2})(?!`)[^`\n][^`]{0,500}?(?P=ticks)(?!`)")
OPEN_END = re.compile(
    r"(?:^|[\s(])(?:approx|ca|eqs?|tab|refs?|ch|incl|excl|resp|max|min)\.\s*$", re.IGNORECASE
)

COMPOUND = re.compile(r"\w+(?:[-_./]\w+)*")
PART = re.compile(r"[^\W_]+")
# Vowel signs of Indic scripts, Thai and Arabic are no word characters to Python, yet stand inside words.
MARKS = (
    r"\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
    r"\u0e31-\u0e4e\u0eb1-\u0ece\u102b-\u103e\u17b4-\u17d3"
)
MARKED = re.compile(f"[{MARKS}]")
MARKED_COMPOUND = re.compile(rf"[\w{MARKS}]+(?:[-_./][\w{MARKS}]+)*")
MARKED_PART = re.compile(rf"(?:[^\W_]|[{MARKS}])+")
# In code: `preNeu` in prose is no identifier.
HUMPED = re.compile("[a-z]{2}[A-Z][a-z]")
CAMEL = re.compile(r"(?<=[`.])[a-z]{2,}(?:[A-Z][a-z]{2,})+|\b[a-z]{2,}(?:[A-Z][a-z]{2,})+(?=[(`])")
HUMP = re.compile(r"[A-Z]?[a-z]+")
DOTTED_I = "i\u0307"
CODE = re.compile(r"[\d_]")

# Snowball's English stop words (snowballstem.org, BSD), contractions split at the apostrophe as terms are.
STOP_WORDS = frozenset(
    """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her
    hers herself it its itself they them their theirs themselves what which who whom this that these those
    am is are was were be been being have has had having do does did doing would should could ought m re s
    ve d ll isn aren wasn weren hasn haven hadn doesn don didn won wouldn shan shouldn can cannot couldn
    mustn let t a an the and but if or because as until while of at by for with about against between into
    through during before after above below to from up down in out on off over under again further then
    once here there when where why how all any both each few more most other some such no nor not only own
    same so than too very
    """.split()  # noqa: SIM905 - a list literal would take 160 lines
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Character spans `(start, end)` of the sentences, without the white space around them.

    Everything that is not white space lies in exactly one span. List items, headings, table rows and
    paragraphs end a sentence; code blocks and inline code are never cut, and neither are abbreviations and
    decimals (sentencex, Wikimedia).
    """
    return [span for start, end in _blocks(text) for span in _split(text, start, end)]


def terms(text: str, language: str | None = None) -> list[str]:
    """Index terms in the order of the text: NFKC, case-folded, without stop words, stemmed (Snowball).

    Documents and queries are analysed alike. Product codes and identifiers (`WR-1042`, `snake_case`,
    `camelCase`, `3.11`) are kept whole beside their parts. In another language than English each word also
    has the stem of English, so that it is met by a query that is too short to tell its language; scripts
    without spaces become pairs of characters.

    Args:
        text: Any text.
        language: Its language as Snowball calls it; told by its stop words if left out, else English.
    """
    text = normalize("NFKC", text)
    camel = _camel(text) if HUMPED.search(text) else {}
    text = text.casefold()
    if DOTTED_I in text:
        # Case-folding splits the capital i of Turkish into a letter and a mark.
        text = text.replace(DOTTED_I, "i")
    if language is None or language == ENGLISH:
        words, kept = 0, 0
        found: list[str] = []
        for compound in COMPOUND.findall(text):
            parts = PART.findall(compound)
            if len(parts) > 1 and CODE.search(compound):
                found.append(compound)
                kept -= 1
            found += [english(part) for part in parts if part not in STOP_WORDS]
            words += len(parts)
        stops = words - len(found) - kept
        told = language or (ENGLISH if stops >= SURE * words else None)
        language = told or detect(PART.findall(text), stops)
        if language == ENGLISH and not camel and (text.isascii() or not other_script(text)):
            return found
    return list(_each(text, language, camel))


def _camel(text: str) -> dict[str, list[str]]:
    """The parts of every identifier in camelCase, by the word that it is case-folded."""
    return {found[0].casefold(): HUMP.findall(found[0]) for found in CAMEL.finditer(text)}


def _each(text: str, language: str, camel: dict[str, list[str]]) -> Iterator[str]:
    """Terms of a text that is not all of English words."""
    marked = bool(MARKED.search(text))
    for compound in (MARKED_COMPOUND if marked else COMPOUND).findall(text):
        parts = (MARKED_PART if marked else PART).findall(compound)
        if len(parts) > 1 and CODE.search(compound):
            yield compound
        for part in parts:
            if language != ENGLISH or not part.isascii():
                yield from other_terms(part, language)
            elif part not in STOP_WORDS:
                yield english(part)
            yield from map(english, map(str.casefold, camel.get(part, ())))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for cut in BLOCK.finditer(text):
        yield start, cut.start()
        if cut["code"]:
            yield cut.span()
        start = cut.end()
    yield start, len(text)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences of one block; the marker of a list item stays with its first sentence."""
    if not WHOLE.match(text, start, end):
        code = [found.span() for found in INLINE_CODE.finditer(text, start, end)]
        for boundary in _boundaries(text, start, end):
            closing = CLOSING.match(text, boundary, end)
            cut = closing.end() if closing else boundary
            if not _within(code, cut) and not OPEN_END.search(text, max(0, cut - 16), cut):
                yield from _trimmed(text, start, cut)
                start = cut
    yield from _trimmed(text, start, end)


def _boundaries(text: str, start: int, end: int) -> Iterator[int]:
    """Where the splitter sees ends of sentences, window by window; a window begins with a sentence."""
    marker = MARKER.match(text, start, end)
    start = marker.end() if marker else start
    while start < end:
        stop = min(start + WINDOW, end)
        cuts = [start + cut for cut in _ends(text[start:stop])]
        if stop < end:
            cuts = cuts[:-1] or [_space(text, start, stop)]
        yield from cuts
        start = end if stop == end else cuts[-1]


def _ends(window: str) -> list[int]:
    from sentencex import get_sentence_boundaries

    found: list[dict[str, Any]] = get_sentence_boundaries("en", UNREADABLE.sub("\ufffd", window))
    return [boundary["end_index"] for boundary in found]


def _space(text: str, start: int, stop: int) -> int:
    space = text.rfind(" ", start, stop)
    return space + 1 if space > start else stop


def _within(spans: list[tuple[int, int]], cut: int) -> bool:
    """Whether the cut lies inside one of the sorted spans."""
    before = bisect_left(spans, (cut, 0)) - 1
    return before >= 0 and cut < spans[before][1]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    inner = text[start:end]
    if stripped := inner.strip():
        start += len(inner) - len(inner.lstrip())
        yield start, start + len(stripped)
