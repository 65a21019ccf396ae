"""Records: the JSON values of a file, one a line or in one array, read one after the other."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from evals.packed import UNREADABLE, unpacked, why
from evals.traces.messages import is_message
from state.errors import UsageError
from state.schema import Json

STDIN = Path("-")
BLANK = re.compile(r"[ \t\r\n]*")
CHUNK = 1 << 16
"""Characters that are read at once of an array."""
DEEP = "it is nested too deeply"
WAY_OUT = "Mend it, or leave such lines out with --skip-malformed."


class Record(NamedTuple):
    """One value of a file."""

    at: int
    """Its line, or its place in the array, from 1."""
    value: Json
    """The value; None where `problem` says why there is none."""
    problem: str = ""


class MalformedError(UsageError):
    """A value that cannot be read as what it should be."""

    def __init__(self, path: Path, at: int, problem: str) -> None:
        super().__init__(f"{shown(path)}, line {at}: {problem}.", WAY_OUT)


def shown(path: Path) -> str:
    """The file's name in a message."""
    return "stdin" if path == STDIN else str(path)


def records(path: Path) -> Iterator[Record]:
    """The values of a file of JSON Lines, or of one JSON array, also packed with gzip; `-` is stdin.

    The file is never in memory as a whole, unless it is one object that is written over several lines, or one
    list of messages. A line that is no JSON comes with its problem, and the next one is read.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        with _opened(path) as file:
            yield from _records(file)
    except UNREADABLE as error:
        raise UsageError(f"Cannot read {shown(path)}: {why(error)}.", "Give a file of JSON Lines.") from error


def strict(text: str) -> Json:
    """Parse JSON; NaN and infinities, which are none, are refused.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError(DEEP) from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    if path == STDIN:
        yield sys.stdin
        return
    with path.open("rb") as raw, unpacked(raw) as file, TextIOWrapper(file, "utf-8-sig") as text:
        yield text


def _records(file: IO[str]) -> Iterator[Record]:
    number = 1
    while (head := file.readline(CHUNK)) and not head.strip():
        number += head.endswith("\n")
    if _is_document(head):
        yield from _document(chain([head], iter(partial(file.read, CHUNK), "")))
    elif head:
        whole = head if head.endswith("\n") else head + file.readline()
        yield from _lines(chain([whole], file), number)


def _is_document(head: str) -> bool:
    """Whether a file that begins so is one value: an array of records, or what goes on in the next lines."""
    text = _Text(iter([head]))
    if not text.skip("["):
        return head.strip() == "{"
    try:
        if not is_message(text.value()):
            return True
        if head.endswith("\n"):
            strict(head)
    except ValueError:
        return True
    return False


def _lines(lines: Iterator[str], first: int) -> Iterator[Record]:
    for number, line in enumerate(lines, first):
        if line.strip():
            try:
                yield Record(number, strict(line))
            except ValueError as error:
                yield Record(number, None, f"it is no JSON: {error}")


def _document(pieces: Iterator[str]) -> Iterator[Record]:
    """The elements of an array; a whole object, or list of messages, is one record."""
    elements = _elements(pieces)
    first = next(elements, None)
    if first is not None and not first.problem and is_message(first.value):
        rest = list(elements)
        broken = next((one for one in rest if one.problem), None)
        yield broken or Record(1, [first.value, *(one.value for one in rest)])
    elif first is not None:
        yield first
        yield from elements


def _elements(pieces: Iterator[str]) -> Iterator[Record]:
    text, at = _Text(pieces), 1
    try:
        array = text.skip("[")
        while not (array and at == 1 and text.skip("]")):
            yield Record(at, text.value())
            at += 1
            if not array or text.skip("]"):
                break
            if not text.skip(","):
                raise ValueError("a comma or the end of the array is missing")
        if text.goes_on():
            raise ValueError("something follows its end")
    except ValueError as error:
        yield Record(at, None, f"it is no JSON: {error}")


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not allowed")


class _Text:
    """JSON that is read piece by piece."""

    decoder = json.JSONDecoder(parse_constant=_refused)

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0

    def skip(self, char: str) -> bool:
        """Go behind this character, if it is the next one; white space does not count."""
        while True:
            match = BLANK.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._more():
                break
        found = self._text.startswith(char, self._at)
        self._at += len(char) if found else 0
        return found

    def goes_on(self) -> bool:
        """Whether anything but white space follows."""
        self.skip("")
        return self._at < len(self._text)

    def value(self) -> Json:
        """The next value.

        Raises:
            ValueError: there is none.
        """
        self.skip("")
        while True:
            try:
                value, end = self.decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise ValueError(DEEP) from error
            except ValueError:
                if not self._more():
                    raise
                continue
            if end < len(self._text) or not self._more():  # a number at the end may go on
                self._at = end
                return value

    def _more(self) -> bool:
        """Read as much again as there is, so that a long value is not tried too often."""
        read = [self._text[self._at :]]
        wanted = max(CHUNK, len(read[0]))
        for piece in self._pieces:
            read.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        self._text, self._at = "".join(read), 0
        return len(read) > 1
