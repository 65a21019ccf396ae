"""DOCX: its paragraphs and tables as Markdown."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tools.index.document import BrokenDocumentError, Document, heading, storable
from tools.index.opening import opened
from tools.index.structure import markdown

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

MAX_UNZIPPED_BYTES = 200_000_000
"""Of all parts together; zipfile reads no more of a part than its declared size."""
MAX_PARTS = 10_000

LEVEL = re.compile(r"heading ([1-6])")


def read(path: Path, source: str) -> Document:
    """Read a Word file."""
    import docx

    with opened(path) as (packed, _):
        _check_size(packed)
        file = docx.Document(packed)
        text = storable(_text(file))
        title = heading(file.core_properties.title or "")
    return Document(source, text, markdown(text, (title,) if title else ()))


def _check_size(packed: BinaryIO) -> None:
    with zipfile.ZipFile(packed) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED_BYTES:
        raise BrokenDocumentError(
            f"Unpacked it has more than {MAX_PARTS:,} parts or {MAX_UNZIPPED_BYTES // 1_000_000} MB.",
            "Remove pictures or split it.",
        )


def _text(file: Any) -> str:  # noqa: ANN401 - python-docx is not typed
    from docx.table import Table

    written = ""
    item = False
    for content in file.iter_inner_content():
        block = "\n".join(_rows(content)) if isinstance(content, Table) else _paragraph(content)
        if block:
            in_list = block.startswith(("- ", "1. "))
            written += ("\n" if item and in_list else "\n\n") + block
            item = in_list
    return written.lstrip("\n") + "\n"


def _paragraph(paragraph: "Paragraph") -> str:
    text = paragraph.text.strip()
    style = str((paragraph.style and paragraph.style.name) or "").lower()
    if not text:
        return ""
    if level := LEVEL.match(style):
        return "#" * int(level[1]) + " " + " ".join(text.split())
    if style == "title":
        return "# " + " ".join(text.split())
    if style.startswith("list"):
        return ("1. " if "number" in style else "- ") + text
    return text


def _rows(table: "Table") -> Iterator[str]:
    for place, row in enumerate(table.rows):
        cells = [" ".join(cell.text.split()) for cell in row.cells]
        yield f"| {' | '.join(cells)} |"
        if not place:
            yield "| --- " * len(cells) + "|"
