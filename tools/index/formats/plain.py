"""Plain text, and how the bytes of any text file become characters."""

import codecs
import re
from pathlib import Path

from tools.index.document import BrokenDocumentError, Document, storable
from tools.index.opening import content
from tools.index.structure import paragraphs

BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAX_ACCENTS = 0.3
"""Of the characters of a text in Windows-1252; Cyrillic or Japanese in an encoding of its own has more."""
FEW_ACCENTS = 20
"""Are no sign of anything."""
ACCENT = re.compile(r"[^\x00-\x7f]")


def read(path: Path, source: str) -> Document:
    """Read a text file; paragraphs are its only structure."""
    text = decode(content(path))
    return Document(source, text, paragraphs(text))


def decode(data: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252.

    Raises:
        BrokenDocumentError: it is none of these, or no text at all.
    """
    named = next((name for mark, name in MARKS if data.startswith(mark)), None)
    for encoding in [named] if named else ["utf-8", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if BINARY.search(text) or (encoding == "cp1252" and _is_mistaken(data, text)):
            break
        return storable(text)
    raise BrokenDocumentError("It is not a text in UTF-8, UTF-16 or Windows-1252.", "Convert it to UTF-8.")


def _is_mistaken(data: bytes, text: str) -> bool:
    """Whether bytes that are not UTF-8 are not Windows-1252 either, or are UTF-8 with some damage."""
    accents = ACCENT.findall(data.decode("utf-8", "replace"))
    if 2 * accents.count("\ufffd") < len(accents):
        return True
    return len(ACCENT.findall(text)) > max(FEW_ACCENTS, MAX_ACCENTS * len(text))
