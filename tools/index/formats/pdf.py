"""PDF: the text of its pages; a sentence may run on from one page to the next."""

import logging
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tools.index.document import MAX_TEXT_CHARS, BrokenDocumentError, Document, heading, storable
from tools.index.opening import opened
from tools.index.structure import paragraphs

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 5_000
SHORT_LINE = 0.6
"""A line of less than this part of the longest one was not wrapped: its paragraph ends there."""
SENTENCE_ENDS = (".", "!", "?", ":", "”", '"', ")")


def read(path: Path, source: str) -> Document:
    """Read a PDF file."""
    from pypdf import PdfReader

    # Every oddity of a file is a warning there; what matters arrives as an exception or as missing text.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with opened(path) as (file, _):
        reader = PdfReader(file)
        text = storable(_text(reader))
        title = heading(str((reader.metadata and reader.metadata.title) or ""))
    if not text.strip():
        raise BrokenDocumentError(
            "It has no text, only pictures of it.", "Run a text recognition on it first."
        )
    return Document(source, text, paragraphs(text, (title,) if title else ()))


def _text(reader: "PdfReader") -> str:
    if reader.is_encrypted and not reader.decrypt(""):
        raise BrokenDocumentError("It is encrypted.", "Save it without a password.")
    if len(reader.pages) > MAX_PAGES:
        raise BrokenDocumentError(
            f"It has {len(reader.pages):,} pages, more than {MAX_PAGES:,}.", "Split it."
        )
    text = ""
    for page in reader.pages:
        if part := _paragraphs(page.extract_text().strip()):
            text += ("\n\n" if text.endswith(SENTENCE_ENDS) else "\n" if text else "") + part
        if len(text) > MAX_TEXT_CHARS:
            break
    return text


def _paragraphs(page: str) -> str:
    """The lines of a page, with a blank one where a paragraph or heading seems to end."""
    lines = page.split("\n")
    width = SHORT_LINE * max(map(len, lines))
    ends = (len(line) < width and not following[:1].islower() for line, following in pairwise(lines))
    return lines[0] + "".join(
        ("\n\n" if end else "\n") + line for end, line in zip(ends, lines[1:], strict=True)
    )
