"""A document: the text of one source and where its blocks lie."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from state.canonical import digest
from state.errors import WarrantError

VERSION = 2
"""Counts up when the same file is read or cut differently, so that indexes follow."""
MAX_FILE_BYTES = 100_000_000
"""Of a file that is read as a whole; JSONL is read line by line and may be longer."""
MAX_LINE_BYTES = 10_000_000
"""Of one line of JSONL."""
MAX_TEXT_CHARS = 10_000_000
"""Of the text of one source."""
MAX_HEADING_CHARS = 200
MAX_LABELS = 64

# Neither SQLite nor a tokenizer takes them; one character for one, so that offsets hold.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
NEWLINE = re.compile(r"\r\n?")

Kind: TypeAlias = Literal["heading", "prose", "lines"]


class BrokenDocumentError(WarrantError):
    """A source that cannot be read; it is reported and skipped."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out)


@dataclass(frozen=True)
class Block:
    """A part of the text that belongs together: `lines` (table, code) are cut between lines only."""

    start: int
    end: int
    kind: Kind
    title: tuple[str, ...] = ()
    """The headings above it, outermost first; a heading's own text is the last one of its title."""


@dataclass(frozen=True)
class Document:
    """What a reader made of one source; every offset counts characters of `text`."""

    source: str
    text: str
    blocks: tuple[Block, ...]
    labels: tuple[str, ...] = ()

    def digest(self) -> str:
        """Digest of everything that the index keeps of it."""
        titles = [[block.start, block.end, block.kind, *block.title] for block in self.blocks]
        return digest([VERSION, self.text, titles, list(self.labels)])


def storable(text: str) -> str:
    """The text with Unix line ends and without the characters that cannot be stored.

    Raises:
        BrokenDocumentError: it is longer than MAX_TEXT_CHARS.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise BrokenDocumentError(
            f"Its text has {len(text):,} characters, more than the {MAX_TEXT_CHARS:,} of one source.",
            "Split it.",
        )
    return UNSTORABLE.sub("\ufffd", NEWLINE.sub("\n", text))


def heading(text: str) -> str:
    """A heading as it stands in a title path: on one line, not longer than MAX_HEADING_CHARS."""
    return " ".join(UNSTORABLE.sub("\ufffd", text).split())[:MAX_HEADING_CHARS].rstrip()


def read_labels(value: object) -> tuple[str, ...]:
    """ACL labels as a document states them: absent, one string, or a list of strings.

    Raises:
        BrokenDocumentError: anything else; a document whose readers are unclear is not indexed.
    """
    if value is None:
        return ()
    labels = [value] if isinstance(value, str) else value
    if not isinstance(labels, list) or not all(isinstance(one, str) and one.strip() for one in labels):
        raise BrokenDocumentError(f"Its labels are {value!r:.80}.", 'Write a list of names: ["hr", "legal"].')
    if len(labels) > MAX_LABELS:
        raise BrokenDocumentError(f"It has {len(labels)} labels.", f"Use at most {MAX_LABELS}.")
    return tuple(sorted({UNSTORABLE.sub("\ufffd", label.strip()) for label in labels}))
