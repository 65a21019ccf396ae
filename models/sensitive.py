"""Sensitive text: secrets and personal data, found by maintained rules and check digits.

The time is linear in the text: what a pattern repeats is bounded, or cannot start anew inside itself.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

from models.credentials import credentials
from models.personal.finding import personal_data

# JSON within JSON, once or several times: `\\n` is the end of a line there, and no letter before a word.
ESCAPE = re.compile(r"\\{1,8}(?:u(?P<code>[0-9a-fA-F]{4})|(?P<char>[nrt\"/]))")
ESCAPED = {"n": "\n", "r": "\n", "t": "\t"}

Category: TypeAlias = Literal["secret", "personal_data"]


LONGEST_NAME = 60
"""Of a field; a longer one is a text of its own."""


class Match(NamedTuple):
    """A sensitive part of a text: `text[start:end]`."""

    category: Category
    kind: str
    """What it is, such as `github_token` or `email`."""
    start: int
    end: int


def find(text: str) -> list[Match]:
    """The sensitive parts of a text, in order and without overlap."""
    found = list(_found(text))
    if "\\" in text and (plain := ESCAPE.sub(_unescaped, text)) != text:
        found += _found(plain)
    return list(disjoint(sorted(found, key=lambda match: (match.start, -match.end))))


def _found(text: str) -> Iterator[Match]:
    return chain(
        (Match("secret", *span) for span in credentials(text)),
        (Match("personal_data", *span) for span in personal_data(text)),
    )


def _unescaped(found: re.Match[str]) -> str:
    """What an escape stands for, as long as the escape was, so that places stay the same."""
    char = chr(int(found["code"], 16)) if found["code"] else ESCAPED.get(found["char"], found["char"])
    return char.rjust(len(found[0]))


def find_named(name: str, text: str) -> list[Match]:
    """The same in the value of a field: what the field is called says what a number is."""
    if not name or len(name) > LONGEST_NAME:
        return find(text)
    lead = len(name) + len(": ")
    moved = (
        match._replace(start=match.start - lead, end=match.end - lead) for match in find(f"{name}: {text}")
    )
    return [match._replace(start=max(0, match.start)) for match in moved if match.end > 0]


def disjoint(matches: list[Match]) -> Iterator[Match]:
    """Join what overlaps, so that no end of a match stays visible; a secret in it names it."""
    last: Match | None = None
    for match in matches:
        if last and match.start < last.end:
            naming = max(last, match, key=lambda each: each.category == "secret")
            last = naming._replace(start=last.start, end=max(last.end, match.end))
            continue
        if last:
            yield last
        last = match
    if last:
        yield last
