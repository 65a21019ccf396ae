"""What can be quoted from a passage: sentences, list items, table rows, with what is needed to read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from models.offline.prompt import Evidence
from models.text import sentences

MAX_CHARS = 20_000
"""Characters of one passage that are read; passages of the index are far shorter."""
MAX_UNIT_CHARS = 1_200
"""A longer sentence is not quotable."""

SHORT_WORDS = 3
"""A sentence of so few words, such as `Price: 79.00 EUR.`, is read with its heading."""

HEADING = re.compile(r"#{1,6}\s+|[^\n]*\n(?:=+|-{2,})$")
FENCE = re.compile(r"(?:`{3,}|~{3,})[^\n]*\n(?P<code>.*?)\n?(?:`{3,}|~{3,})?\s*", re.DOTALL)
ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+")
RULE = re.compile(r"[|:\-\s=*_#~`]+")
CELL = re.compile(r"(?<!\\)\|")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
EMPHASIS = re.compile(r"(\*\*|__|`+)(?=\S)(.+?)(?<=\S)\1")


@dataclass(frozen=True)
class Unit:
    """A quotable piece: `evidence.text[start:end] == quote`."""

    passage: str
    start: int
    quote: str
    text: str
    """As a claim reads it: without markers and line breaks, a table row with its column names."""
    context: str = ""
    """Title, heading, and the line that introduces it."""
    heading: str = ""
    """The nearest heading."""
    lead: str = ""
    """The line before that ends in a colon and is needed to understand a list item; quotable."""
    kind: str = "sentence"

    @property
    def short(self) -> bool:
        """Whether it can hardly be understood without its heading."""
        return self.kind in ("item", "row") or len(self.text.split()) <= SHORT_WORDS


def units(evidence: Evidence) -> list[Unit]:
    """The quotable pieces of a passage, in its order."""
    return list(_read(evidence, evidence.text[:MAX_CHARS]))


def _read(evidence: Evidence, text: str) -> Iterator[Unit]:
    heading, lead, before = (evidence.title or ("",))[-1], "", ""
    header: list[str] | None = None
    for start, end in _spans(text):
        quote = text[start:end]
        if len(quote) > MAX_UNIT_CHARS:
            continue
        if HEADING.match(quote):
            heading, lead, before, header = _plain(quote.lstrip("# ")), "", "", None
            continue
        row = quote.startswith("|") or quote.count(" | ") > 1
        if row and header is None:
            header = _cells(quote)
            continue
        if RULE.fullmatch(quote):
            continue
        header = header if row else None
        context = " ".join(dict.fromkeys(part for part in (*evidence.title, heading, lead, before) if part))
        unit = Unit(evidence.id, start, quote, _plain(quote), context, heading)
        yield _shaped(unit, header, lead)
        item = ITEM.match(quote) is not None
        lead = quote if quote.endswith(":") else lead if item or row else ""
        before = _plain(quote) if quote.endswith("?") else ""


def _shaped(unit: Unit, header: list[str] | None, lead: str) -> Unit:
    """The unit as what it is: a table row, code, a list item or a sentence."""
    if header is not None:
        return replace(unit, text=_row(header, _cells(unit.quote)), kind="row")
    if fenced := FENCE.fullmatch(unit.quote):
        return replace(unit, text=" ".join(fenced["code"].split()), kind="code")
    if match := ITEM.match(unit.quote):
        return replace(unit, text=_plain(unit.quote[match.end() :]), lead=lead, kind="item")
    return unit


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Sentences; the line of a table row is kept whole."""
    row_end = 0
    for start, end in sentences(text):
        if start < row_end:
            continue
        if text.startswith("|", start) or " | " in text[start:end]:
            newline = text.find("\n", start)
            row_end = len(text[: newline if newline >= 0 else None].rstrip())
        yield start, max(end, row_end)


def _cells(row: str) -> list[str]:
    return [_plain(cell) for cell in CELL.split(row.strip().strip("|"))]


def _row(header: list[str], cells: list[str]) -> str:
    named = [f"{name}: {cell}" if name else cell for name, cell in zip(header, cells, strict=False) if cell]
    return "; ".join([*named, *cells[len(header) :]])


def _plain(text: str) -> str:
    """White space collapsed, links and emphasis reduced to their words."""
    return " ".join(EMPHASIS.sub(r"\2", LINK.sub(r"\1", text)).replace("**", " ").split())
