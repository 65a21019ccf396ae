"""HTML: its text as Markdown, so that headings, lists, tables and preformatted text stay what they are."""

import codecs
import re
from pathlib import Path

from tools.index.document import BrokenDocumentError, Document, heading, storable
from tools.index.formats.plain import BINARY, MARKS, decode
from tools.index.opening import content
from tools.index.structure import markdown

FEED_BYTES = 65_536
MAX_INDENT = 8

HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object", "nav"})
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
LISTS = frozenset({"ul", "ol", "menu", "dir"})
CELLS = frozenset({"td", "th"})
# Everything else that is not listed here runs on in the line.
BLOCKS = frozenset({
    *("p", "div", "section", "article", "header", "footer", "main", "aside", "dl", "dt", "dd", "table"),
    *("form", "fieldset", "figure", "figcaption", "address", "hr", "body", "details", "summary", "caption"),
    *("li", "blockquote", "pre", "tr"),
    *LISTS, *CELLS, *HEADINGS,
})  # fmt: skip
SPACE = re.compile(r"\s+")
DECLARED = re.compile(rb"(?i)(?:charset|encoding)\s*=")
DECLARED_BYTES = 4_096
INVISIBLE = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
TICKS = re.compile(r"`{3,}")


def read(path: Path, source: str) -> Document:
    """Read an HTML file; scripts, styles, comments and what a browser hides are not part of the text."""
    from lxml import etree

    data, encoding = _decoded(content(path))
    writer = _Writer()
    parser = etree.HTMLParser(
        target=writer, encoding=encoding, remove_comments=True, remove_pis=True, huge_tree=True
    )
    for start in range(0, len(data), FEED_BYTES):
        parser.feed(data[start : start + FEED_BYTES])
    if data.strip():
        parser.close()
    text = storable(writer.text())
    if BINARY.search(text):
        raise BrokenDocumentError("It is not a text in the encoding it declares.", "Convert it to UTF-8.")
    title = heading("".join(writer.title))
    return Document(source, text, markdown(text, (title,) if title else ()))


def _decoded(data: bytes) -> tuple[bytes, str | None]:
    """The page in UTF-8 if that can be told, else as it is: then the parser goes by what it declares.

    Raises:
        BrokenDocumentError: it declares nothing, and is no text.
    """
    marked = any(data.startswith(mark) for mark, _ in MARKS)
    if not marked and DECLARED.search(data, 0, DECLARED_BYTES) and not _is_utf8(data):
        return data, None
    return decode(data).encode(), "utf-8"


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        return False
    return True


class _Writer:
    """Writes Markdown from the parser's events; they need no tree, so nesting of any depth costs nothing."""

    def __init__(self) -> None:
        self.title: list[str] = []
        self._done: list[tuple[str, str]] = []
        """Blocks and their kinds; list items in a row, and rows of one table, stand on successive lines."""
        self._line: list[str] = []
        self._prefix = ""
        self._rows: list[list[str]] = []
        """Rows that are open: more than one in nested tables, whose text goes into the outer cell."""
        self._tables = 0
        self._unseen = 0
        """Open elements from the one that a browser hides inwards."""
        self._depth = dict.fromkeys(("hidden", "pre", "list", "title"), 0)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._unseen or _is_hidden(attributes):
            # Elements in it are counted, so that its own end is known.
            self._unseen += tag not in VOID
            return
        self._count(tag, 1)
        if tag in BLOCKS:
            self._flush()
        if tag in HEADINGS:
            self._prefix = HEADINGS[tag]
        elif tag == "li":
            self._prefix = "  " * min(max(self._depth["list"] - 1, 0), MAX_INDENT) + "- "
        elif tag == "blockquote":
            self._prefix = "> "
        elif tag == "tr":
            self._rows.append([])
        elif tag == "table" and not self._rows:
            self._tables += 1
        elif tag == "br":
            self._line.append("\n")

    def end(self, tag: str) -> None:
        if self._unseen:
            self._unseen -= tag not in VOID
            return
        if tag in CELLS and self._rows:
            self._rows[-1].append(SPACE.sub(" ", "".join(self._line)).strip())
            self._line = []
        elif tag == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif tag in BLOCKS:
            self._flush()
        self._count(tag, -1)

    def data(self, data: str) -> None:
        if self._depth["hidden"] or self._unseen:
            return
        if self._depth["title"]:
            self.title.append(data)
        else:
            self._line.append(data if self._depth["pre"] else SPACE.sub(" ", data))

    def close(self) -> None:
        self._flush()

    def text(self) -> str:
        """What was written, as Markdown."""
        parts: list[str] = []
        before = ""
        for kind, block in self._done:
            parts += ["\n" if kind == before != "text" else "\n\n", block]
            before = kind
        return "".join(parts[1:]) + "\n" if parts else ""

    def _count(self, tag: str, change: int) -> None:
        kind = "hidden" if tag in HIDDEN else "list" if tag in LISTS else tag
        if kind in self._depth:
            self._depth[kind] += change

    def _flush(self) -> None:
        if self._rows:
            self._line.append(" ")
            return
        text, self._line = "".join(self._line), []
        if not text.strip():
            return
        if self._depth["pre"]:
            fence = "`" * max([3, *(len(ticks) + 1 for ticks in TICKS.findall(text))])
            text = f"{fence}\n{text.strip(chr(10))}\n{fence}"
        else:
            lines = (SPACE.sub(" ", line).strip() for line in text.split("\n"))
            text = self._prefix + (" " if self._prefix.startswith("#") else "\n").join(filter(None, lines))
        self._done.append(("item" if self._prefix.endswith("- ") else "text", text))
        self._prefix = ""

    def _end_row(self, cells: list[str]) -> None:
        row = f"| {' | '.join(cells)} |"
        if self._rows:
            self._line.append(f" {row} ")
        elif any(cells):
            kind = f"table {self._tables}"
            if not self._done or self._done[-1][0] != kind:
                row += "\n" + "| --- " * len(cells) + "|"
            self._done.append((kind, row))


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or bool(INVISIBLE.search(attributes.get("style", "")))
