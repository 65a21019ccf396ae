"""Signs strewn among words, `ignore... **all**, previous!`, and a request spread over turns of a dialogue."""

import re
from collections.abc import Iterator
from itertools import pairwise

from models.gate.views.view import Part

SIGN = r"[!,;:.?*_`~|\"\u2026]"
SIGNED = rf"(?:{SIGN}{{1,3}}[^\W_]+(?:['-][^\W_]+)?{SIGN}{{0,4}}|[^\W_]+(?:['-][^\W_]+)?{SIGN}{{1,4}})"
RUN = re.compile(rf"(?<!\S)(?:{SIGNED}\s{{1,3}}(?:\w+\s{{1,3}}){{0,2}}){{4,}}(?:{SIGNED}(?!\S))?")
SIGNS = re.compile(rf"{SIGN}+(?=\s|$)|(?<!\S){SIGN}+")

TURN = re.compile(
    r"^[ \t#*>\[<(]{0,4}(user|human|assistant|ai|bot|system|model|q|a)[\])>*]{0,3}[ \t]*:", re.I | re.M
)
ASKING = frozenset({"user", "human", "system", "q"})


def unstrewn(text: str) -> Iterator[Part]:
    """Words of which every third or more has signs about it, without them."""
    for match in RUN.finditer(text):
        start = match.start()
        for sign in SIGNS.finditer(match[0]):
            yield Part(start + sign.start(), start + sign.end(), "")


def asked(text: str) -> list[Part]:
    """What one side says in a dialogue of several turns."""
    if text.count(":") < 2:
        return []
    turns = [*TURN.finditer(text), None]
    said = [
        (turn.end(), after.start() if after else len(text))
        for turn, after in pairwise(turns)
        if turn and turn[1].lower() in ASKING
    ]
    return [Part(start, end, text[start:end]) for start, end in said] if len(said) > 1 else []
