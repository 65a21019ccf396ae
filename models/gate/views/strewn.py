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
MANY = 7
"""Signs so close that count; a sentence has fewer."""

ROLES = ("user", "human", "assistant", "ai", "bot", "system", "model", "q", "a")
# The colon first, since the search for one character is the fastest.
SAID = re.compile(f":(?:{'|'.join(f'(?<={role}:)' for role in ROLES)})", re.IGNORECASE)
BEGINNING = re.compile(r"\n[ \t#*>\[<(]{0,4}(\w+):$")
LONGEST = 20
"""Characters of a role with what stands before it in its line."""
ASKING = frozenset({"user", "human", "system", "q"})


def unstrewn(text: str) -> Iterator[Part]:
    """Signs about every second or third of several words, to be left out."""
    run: list[Part] = []
    for match in SIGNS.finditer(text):
        if run and match.start() - run[-1].end > CLOSE:
            yield from run if len(run) >= MANY else ()
            run = []
        run.append(Part(*match.span(), ""))
    yield from run if len(run) >= MANY else ()


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
