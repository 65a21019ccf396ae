"""Escapes of single characters: URL, HTML, and those of programming languages."""

import html
import re
from collections.abc import Iterator

from models.gate.views.view import Part

FEWEST = 2
"""Escapes that are worth another reading of the text."""
URL = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
QUOTED = re.compile(r"(?:=[0-9A-F]{2}){3,}")
ENTITY = re.compile(r"(?:&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});?)+")
CODE = re.compile(
    r"(?:\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\u\{[0-9A-Fa-f]{1,6}\}|\\x[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}"
    r"|\\[0-3][0-7]{2}|U\+[0-9A-Fa-f]{4,6}[ ,;]?)+"
)
EACH_CODE = re.compile(
    r"\\u\{(?P<braced>[0-9A-Fa-f]{1,6})\}|(?:\\u|%u)(?P<four>[0-9A-Fa-f]{4})|\\U(?P<eight>[0-9A-Fa-f]{8})"
    r"|\\x(?P<two>[0-9A-Fa-f]{2})|\\(?P<octal>[0-3][0-7]{2})|U\+(?P<named>[0-9A-Fa-f]{4,6})[ ,;]?"
)


def unescaped(text: str) -> list[Part]:
    """Every escape in the text as the characters that it stands for, if there are several."""
    found = [*_percent(text), *_entities(text), *_codes(text)]
    if len(found) < FEWEST and sum(len(part.text) for part in found) < FEWEST:
        return []
    return list(_apart(sorted(found)))


def _apart(parts: list[Part]) -> Iterator[Part]:
    reached = 0
    for part in parts:
        if part.start >= reached:
            yield part
            reached = part.end


def _percent(text: str) -> Iterator[Part]:
    for sign, pattern in (("%", URL), ("=", QUOTED)):
        if sign in text:
            for match in pattern.finditer(text):
                data = bytes.fromhex(match[0].replace(sign, ""))
                yield Part(*match.span(), data.decode("utf-8", "replace"))


def _entities(text: str) -> Iterator[Part]:
    if "&" in text:
        for match in ENTITY.finditer(text):
            read = html.unescape(match[0])
            if any(letter.isalnum() or letter.isspace() for letter in read) and read != match[0]:
                yield Part(*match.span(), read)


def _codes(text: str) -> Iterator[Part]:
    if not ("\\" in text or "%u" in text or "U+" in text):
        return
    for match in CODE.finditer(text):
        read = "".join(map(_character, EACH_CODE.finditer(match[0])))
        # Two halves of a pair, as JSON and JavaScript write what lies beyond U+FFFF.
        yield Part(*match.span(), read.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _character(match: re.Match[str]) -> str:
    code = int(match[0][1:], 8) if match["octal"] else int(next(filter(None, match.groups())), 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"
