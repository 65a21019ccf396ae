"""Signs strewn among words, `ignore... **all**, previous!`, and a request spread over turns of a dialogue."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from models.gate.views.view import Part

SIGN = r"[!,;.?*_`~\u2026]"
# Beside a letter: in lists of numbers, tables, JSON and at the end of lines signs are no disguise.
SIGNS = re.compile(rf"{SIGN}(?:(?<=[^\W\d_].){SIGN}{{0,4}}(?![^ \t])|(?<!\S.){SIGN}{{0,2}}(?=[^\W\d_]))")
CLOSE = 20
"""Characters from one to the next, at most: about two words between them."""
MANY, FEWEST = 7, 3
"""Signs so close that count, since a sentence has fewer; in a short text those at half of its words."""

ROLES = ("user", "human", "assistant", "ai", "bot", "system", "model", "q", "a")
# The colon first, since the search for one character is the fastest.
SAID = re.compile(f":(?:{'|'.join(f'(?<={role}:)' for role in ROLES)})", re.IGNORECASE)
BEGINNING = re.compile(r"\n[ \t#*>\[<(]{0,4}(\w+):$")
LONGEST = 20
"""Characters of a role with what stands before it in its line."""
ASKING = frozenset({"user", "human", "system", "q"})


def unstrewn(text: str) -> Iterator[Part]:
    """Signs about every second or third of several words, to be left out."""
    signs = [Part(*match.span(), "") for match in SIGNS.finditer(text)]
    if len(signs) < FEWEST:
        return
    enough = min(MANY, max(FEWEST, len(text.split()) / 2))
    for run in _runs(signs):
        yield from run if len(run) >= enough else ()


def _runs(signs: list[Part]) -> Iterator[list[Part]]:
    """Signs that are close to one another."""
    cuts = [place for place, (one, after) in enumerate(pairwise(signs), 1) if after.start - one.end > CLOSE]
    for start, end in pairwise((0, *cuts, len(signs))):
        yield signs[start:end]


def asked(text: str) -> list[Part]:
    """What one side says in a dialogue of several turns."""
    turns = [turn for match in SAID.finditer(text) if (turn := _turn(text, match.end()))]
    said = [
        (turn.end, after.start if after else len(text))
        for turn, after in pairwise([*turns, None])
        if turn and turn.role in ASKING
    ]
    return [Part(start, end, text[start:end]) for start, end in said] if len(said) > 1 else []


class Turn(NamedTuple):
    """The name of a speaker at the beginning of a line."""

    role: str
    start: int
    end: int


def _turn(text: str, end: int) -> Turn | None:
    start = max(0, end - LONGEST)
    match = BEGINNING.search(text[start:end] if start else f"\n{text[:end]}")
    return Turn(match[1].lower(), end - len(match[0]) + 1, end) if match else None
