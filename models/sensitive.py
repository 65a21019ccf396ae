"""Sensitive text: secrets and personal data, found by maintained rules and check digits.

The time is linear in the text: what a pattern repeats is bounded, or cannot start anew inside itself.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

from models.credentials import credentials
from models.personal.finding import personal_data

Category: TypeAlias = Literal["secret", "personal_data"]


class Match(NamedTuple):
    """A sensitive part of a text: `text[start:end]`."""

    category: Category
    kind: str
    """What it is, such as `github_token` or `email`."""
    start: int
    end: int


def find(text: str) -> list[Match]:
    """The sensitive parts of a text, in order and without overlap."""
    found = chain(
        (Match("secret", *span) for span in credentials(text)),
        (Match("personal_data", *span) for span in personal_data(text)),
    )
    return list(_disjoint(sorted(found, key=lambda match: (match.start, -match.end))))


def _disjoint(matches: list[Match]) -> Iterator[Match]:
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
