"""JSON Lines, plain or gzipped: each line is a source of its own, `FILE#ID`."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools.index.document import (
    MAX_BLOCKS,
    MAX_LINE_BYTES,
    MAX_LINES_BYTES,
    UNPRINTABLE,
    BrokenDocumentError,
    Document,
    heading,
    read_labels,
    storable,
)
from tools.index.opening import opened
from tools.index.structure import paragraphs

MAX_ID_CHARS = 500
MAX_BROKEN = 1_000
"""Lines of one file; after them it is not read on: it is something else, and each report is kept."""
MAX_BLANK = 100_000
"""Lines of one file, likewise: an empty one costs a byte, or nothing where it is packed."""
MAX_RATIO = 100
"""Of unpacked to packed bytes beyond FREE_BYTES; text packs to a tenth, deflate does no better than 1,030."""
FREE_BYTES = 100_000_000


def read(path: Path, source: str) -> Iterator[Document | tuple[str, BrokenDocumentError]]:
    """Read line by line: a document, or for a broken line its place `SOURCE:NUMBER` and the error.

    Raises:
        BrokenDocumentError: the file is not read to its end.
    """
    seen: set[str] = set()
    broken = blank = 0
    with opened(path, MAX_LINES_BYTES) as (file, size):
        for number, line in enumerate(_lines(file, size, packed=path.suffix.lower() == ".gz"), 1):
            if line is not None and not line.strip():
                blank += 1
                if blank > MAX_BLANK:
                    raise BrokenDocumentError(f"More than {MAX_BLANK:,} lines are empty.", "Remove them.")
                continue
            try:
                document = _document(line, source)
                if document.source in seen:
                    raise BrokenDocumentError("An earlier line has the same id.", "Give each line its own.")
            except BrokenDocumentError as error:
                yield f"{source}:{number}", error
                broken += 1
                if broken > MAX_BROKEN:
                    raise BrokenDocumentError(
                        f"More than {MAX_BROKEN:,} of its lines cannot be read.", "Write JSON Lines."
                    ) from error
            else:
                seen.add(document.source)
                yield document


def _lines(file: BinaryIO, size: int, *, packed: bool) -> Iterator[bytes | None]:
    """The lines; None for one that is longer than MAX_LINE_BYTES."""
    if not packed:
        yield from _bounded(file, size, "It grows while it is read", "Add it again when it is whole.")
        return
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            limit = FREE_BYTES + MAX_RATIO * size
            yield from _bounded(unpacked, limit, f"It unpacks to over {limit:,} bytes", "Unpack it.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BrokenDocumentError(
            f"Its gzip data ends early or is damaged: {error}.", "Pack it anew."
        ) from error


def _bounded(
    file: BinaryIO | gzip.GzipFile, limit: int, problem: str, way_out: str
) -> Iterator[bytes | None]:
    done = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        done += len(line)
        long = len(line) > MAX_LINE_BYTES
        while long and line and not line.endswith(b"\n") and done <= limit:
            line = file.readline(MAX_LINE_BYTES)
            done += len(line)
        if done > limit:
            raise BrokenDocumentError(f"{problem}.", way_out)
        yield None if long else line


def _document(line: bytes | None, source: str) -> Document:
    fields = _fields(line)
    name = fields.get("_id", fields.get("id"))
    if not isinstance(name, str | int) or isinstance(name, bool) or not 0 < len(str(name)) <= MAX_ID_CHARS:
        raise BrokenDocumentError("It has no `_id` or `id`.", "Give each line an id of its own.")
    if UNPRINTABLE.search(str(name)):
        raise BrokenDocumentError("Its id has control characters.", "Use printable ones.")
    title, text = fields.get("title") or "", fields.get("text") or ""
    if not isinstance(title, str) or not isinstance(text, str) or not (title.strip() or text.strip()):
        raise BrokenDocumentError("It has no `text`.", "`title` and `text` are strings.")
    title, text = heading(title), storable(text if text.strip() else title)
    labels = read_labels(fields.get("labels"))
    blocks = paragraphs(text, (title,) if title else ())
    if len(blocks) > MAX_BLOCKS:
        raise BrokenDocumentError(
            f"It has {len(blocks):,} paragraphs, more than {MAX_BLOCKS:,}.", "Split it."
        )
    return Document(f"{source}#{name}", text, blocks, labels)


def _fields(line: bytes | None) -> dict[str, object]:
    if line is None:
        raise BrokenDocumentError(f"It is longer than {MAX_LINE_BYTES:,} bytes.", "Split it.")
    try:
        fields = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise BrokenDocumentError("It is not JSON in UTF-8.", "Write one JSON object a line.") from error
    if not isinstance(fields, dict):
        raise BrokenDocumentError("It is not a JSON object.", "Write one JSON object a line.")
    return fields


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys are told apart: of two `labels`, nobody can say which one holds."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BrokenDocumentError("A key of it stands there twice.", "Keep one of them.")
    return found
