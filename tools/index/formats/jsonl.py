"""JSON Lines, plain or gzipped: each line is a source of its own, `FILE#ID`."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools.index.document import (
    MAX_LINE_BYTES,
    BrokenDocumentError,
    Document,
    heading,
    read_labels,
    storable,
)
from tools.index.structure import paragraphs

MAX_ID_CHARS = 500


def read(path: Path, source: str) -> Iterator[Document | tuple[str, BrokenDocumentError]]:
    """Read line by line: a document, or for a broken line its place `SOURCE:NUMBER` and the error."""
    seen: set[str] = set()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            if line is not None and not line.strip():
                continue
            try:
                document = _document(line, source)
                if document.source in seen:
                    raise BrokenDocumentError("An earlier line has the same id.", "Give each line its own.")
            except BrokenDocumentError as error:
                yield f"{source}:{number}", error
            else:
                seen.add(document.source)
                yield document


def _lines(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes | None]:
    """The lines; None for one that is longer than MAX_LINE_BYTES."""
    try:
        while line := file.readline(MAX_LINE_BYTES + 1):
            long = len(line) > MAX_LINE_BYTES
            while long and line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
            yield None if long else line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BrokenDocumentError(
            f"Its gzip data ends early or is damaged: {error}.", "Pack it anew."
        ) from error


def _document(line: bytes | None, source: str) -> Document:
    fields = _fields(line)
    name = fields.get("_id", fields.get("id"))
    if not isinstance(name, str | int) or isinstance(name, bool) or not 0 < len(str(name)) <= MAX_ID_CHARS:
        raise BrokenDocumentError("It has no `_id` or `id`.", "Give each line an id of its own.")
    title, text = fields.get("title") or "", fields.get("text") or ""
    if not isinstance(title, str) or not isinstance(text, str) or not (title.strip() or text.strip()):
        raise BrokenDocumentError("It has no `text`.", "`title` and `text` are strings.")
    title, text = heading(title), storable(text if text.strip() else title)
    labels = read_labels(fields.get("labels"))
    return Document(
        f"{source}#{storable(str(name))}", text, paragraphs(text, (title,) if title else ()), labels
    )


def _fields(line: bytes | None) -> dict[str, object]:
    if line is None:
        raise BrokenDocumentError(f"It is longer than {MAX_LINE_BYTES:,} bytes.", "Split it.")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BrokenDocumentError("It is not JSON in UTF-8.", "Write one JSON object a line.") from error
    if not isinstance(fields, dict):
        raise BrokenDocumentError("It is not a JSON object.", "Write one JSON object a line.")
    return fields
