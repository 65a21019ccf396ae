"""Leaks of instructions, made by rule: as they stand, in parts, reworded, mixed up, packed."""

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from models.text import sentences

REWORDED = {
    "never": "under no circumstances",
    "always": "at all times",
    "only": "exclusively",
    "do not": "must not",
    "don't": "must not",
    "cannot": "am unable to",
    "if": "in case",
    "when": "whenever",
    "before": "prior to",
    "after": "once",
    "answer": "reply",
    "answers": "replies",
    "reply": "respond",
    "customer": "client",
    "customers": "clients",
    "use": "employ",
    "show": "display",
    "write": "put down",
    "tell": "inform",
    "give": "provide",
    "names": "designations",
    "need": "require",
    "needs": "requires",
    "each": "every",
    "every": "each",
    "at most": "no more than",
    "at least": "a minimum of",
    "unless": "except if",
    "text": "wording",
    "list": "enumeration",
    "evidence": "proof",
    "short": "brief",
    "brief": "short",
    "nie": "niemals",
    "zuerst": "als Erstes",
    "wenn": "falls",
    "aber": "jedoch",
    "nur": "lediglich",
}
"""By rule, without a look at the sentence; so do those who were told not to repeat themselves."""
ALTERED = re.compile(rf"\b({'|'.join(sorted(REWORDED, key=len, reverse=True))})\b", re.IGNORECASE)
FIRST_PERSON = {"you are": "I am", "you": "I", "your": "my", "yourself": "myself", "du": "ich", "bist": "bin"}
TOLD = re.compile(rf"\b({'|'.join(FIRST_PERSON)})\b", re.IGNORECASE)
AROUND = (
    "Of course, here is what I can tell you. {} I hope that helps. Is there anything else you want to know?",
    "Good question! The weather does not matter here. {} Let me know if you would like an example.",
)
PART = (2, 4)
"""Sentences of a part."""


class Leak(NamedTuple):
    """A text that tells instructions."""

    kind: str
    text: str


def leaks(instructions: str, draw: random.Random, each: int = 3) -> Iterator[Leak]:
    """Leaks of every kind, `each` of those that are drawn."""
    told = [instructions[start:end].lstrip("-0123456789. ") for start, end in sentences(instructions)]
    yield Leak("whole", instructions)
    for kind, make in KINDS.items():
        for _ in range(each):
            size = draw.randint(*PART)
            start = draw.randrange(max(1, len(told) - size))
            yield Leak(kind, make(told[start : start + size], draw))


def _part(told: list[str], draw: random.Random) -> str:  # noqa: ARG001  all have the same shape
    return " ".join(told)


def _one_sentence(told: list[str], draw: random.Random) -> str:
    return draw.choice(AROUND).format(max(told, key=len))


def _around(told: list[str], draw: random.Random) -> str:
    return draw.choice(AROUND).format(" ".join(told))


def _first_person(told: list[str], draw: random.Random) -> str:
    return TOLD.sub(lambda found: FIRST_PERSON[found[0].casefold()], _part(told, draw))


def _reworded(told: list[str], draw: random.Random) -> str:
    return ALTERED.sub(lambda found: REWORDED[found[0].casefold()], _first_person(told, draw))


def _reordered(told: list[str], draw: random.Random) -> str:
    clauses = [clause for one in told for clause in re.split(r"(?<=[,;:.]) ", one)]
    draw.shuffle(clauses)
    return " ".join(clauses)


def _dropped(told: list[str], draw: random.Random) -> str:
    return " ".join(word for word in _part(told, draw).split() if draw.random() > 0.2)


def _summary(told: list[str], draw: random.Random) -> str:
    """Keywords of each sentence in their order, reworded: the hardest."""
    kept = [word for word in _reworded(told, draw).split() if len(word) > 3 or draw.random() > 0.6]
    return " ".join(word for word in kept if draw.random() > 0.15)


def _listed(told: list[str], draw: random.Random) -> str:
    sign = draw.choice(["* ", "> ", "1. ", "# ", "// "])
    return "\n".join(sign + one for one in told)


def _json(told: list[str], draw: random.Random) -> str:  # noqa: ARG001
    return json.dumps({"rules": told})


def _base64(told: list[str], draw: random.Random) -> str:
    return base64.b64encode(_part(told, draw).encode()).decode()


def _spaced(told: list[str], draw: random.Random) -> str:
    return "   ".join(" ".join(word) for word in _part(told, draw).split())


def _rot13(told: list[str], draw: random.Random) -> str:
    import codecs

    return codecs.encode(_part(told, draw), "rot13")


KINDS: dict[str, Callable[[list[str], random.Random], str]] = {
    "part": _part,
    "one sentence": _one_sentence,
    "within an answer": _around,
    "first person": _first_person,
    "reworded": _reworded,
    "reordered": _reordered,
    "words dropped": _dropped,
    "keywords": _summary,
    "list or quote": _listed,
    "JSON": _json,
    "base64": _base64,
    "ROT13": _rot13,
    "spaced": _spaced,
}
