"""Splitting a request into the things it asks for, each with the words it needs to be understood alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from models.offline.prompt import Turn
from models.text import sentences, terms

MAX_CONTEXT = 300
MAX_CLAUSES = 12
FOLLOW_UP_TERMS = 3

INTERROGATIVE = "what|what's|how|when|where|where's|who|who's|whom|whose|which|why"
AUXILIARY = (
    "is|are|was|were|am|can|could|do|does|did|will|would|should|may|must|has|have|isn't|aren't|don't|doesn't"
)
COMMAND = (
    "tell|show|find|give|list|calculate|compute|look|check|explain|describe|search|summari[sz]e|compare|"
    "evaluate|solve|work|convert|get|fetch|multiply|divide|subtract|add"
)
SUBJECT = "the|a|an|it|there|this|that|these|those|my|your|our|i|you|we|they|he|she|any|all|customers?|people"
FILLER = re.compile(
    r"^(?:(?:please|kindly|and|or|but|so|then|also|now|well|just|ok|okay|hi|hello|hey|thanks|thank you"
    r"|(?:could|can|would|will) you(?: please)?|i(?: would|'d) (?:like|want) (?:you )?to"
    r"|i (?:want|need) (?:you )?to"
    r"|let'?s|go ahead and|do you know|tell me)\b[\s,.!:]*)+",
    re.IGNORECASE,
)
ASK = re.compile(rf"^(?:{INTERROGATIVE}|{AUXILIARY}|{COMMAND})\b", re.IGNORECASE)
ANAPHOR = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|one|ones|he|she|his|her)\b", re.IGNORECASE
)
LINKED = re.compile(r"^\s*(?:and|or|also|but|what about|how about|what if)\b", re.IGNORECASE)
SMALL_TALK = "hello hi hey thanks thank please ok okay yes bye good morning evening afternoon day great nice"


@dataclass(frozen=True)
class Clause:
    """One thing that is asked for."""

    text: str
    context: str = ""
    """Statements before it, and for an anaphor the clause before it."""
    sentence: str = ""
    """The whole sentence it stands in."""
    request: str = ""
    """The whole request."""

    @property
    def core(self) -> str:
        """The clause without courtesies in front."""
        return FILLER.sub("", self.text).strip()

    @property
    def anaphoric(self) -> bool:
        """Whether it points to something said before."""
        return bool(ANAPHOR.search(self.text))

    @property
    def alone(self) -> str:
        """The clause with the context it needs, to be searched for."""
        return f"{self.context[-MAX_CONTEXT:]} {self.text}".strip()


def clauses(request: str, verbs: Sequence[str] = (), earlier: str = "") -> list[Clause]:
    """The questions and commands of a request; one clause with the whole text if there is none.

    Args:
        request: What the user wrote.
        verbs: Further words that begin a command, such as the verbs of tools.
        earlier: What was asked before, if the request can only be understood with it.
    """
    commands = _starts([*verbs])
    found: list[Clause] = []
    context: list[str] = []
    for sentence in _sentences(request):
        if not _asks(sentence, commands):
            context.append(sentence)
            continue
        found += _split(sentence, " ".join(context), commands, found)
        context = []
    if not found:
        found = [Clause(request.strip(), sentence=request.strip())]
    said = [clause for clause in found if content(f"{earlier} {clause.text}")]
    return [replace(clause, request=request) for clause in said[:MAX_CLAUSES]]


def follow_up(request: str, history: Sequence[Turn]) -> str:
    """The user's last turn if the request can only be understood with it, else ''."""
    last = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    short = len(content(request)) <= FOLLOW_UP_TERMS
    return last[:MAX_CONTEXT] if short and (LINKED.match(request) or ANAPHOR.search(request)) else ""


def content(text: str) -> list[str]:
    """Stemmed terms that say something."""
    return [term for term in terms(FILLER.sub("", text)) if term not in stems(SMALL_TALK)]


@cache
def stems(words: str) -> frozenset[str]:
    """The stemmed terms of a fixed list of words."""
    return frozenset(terms(words))


def _sentences(request: str) -> list[str]:
    lines = [request[start:end] for start, end in sentences(request)]
    parts = [part for line in lines for part in re.split(r"\n+|;\s+", line)]
    return [part.strip() for part in parts if part.strip()]


def _starts(verbs: list[str]) -> re.Pattern[str]:
    return re.compile(rf"^(?:{'|'.join(map(re.escape, verbs)) or '(?!)'})\b", re.IGNORECASE)


def _asks(sentence: str, commands: re.Pattern[str]) -> bool:
    core = FILLER.sub("", sentence)
    return sentence.endswith(("?", "？")) or bool(ASK.match(core) or commands.match(core))


def _split(sentence: str, context: str, commands: re.Pattern[str], before: Sequence[Clause]) -> list[Clause]:
    """Cut a sentence where a coordinated question or command begins."""
    extra = commands.pattern[1:]
    joint = re.compile(
        rf"(?:,|;)?\s+(?:and|then|also|plus|as well as)(?: then| also)?\s+"
        rf"(?=(?:{INTERROGATIVE}|{COMMAND})\b|(?:{AUXILIARY})\s+(?:{SUBJECT})\b|please\b|{extra})"
        rf"|,\s+(?=(?:what|how|why)\b|(?:{AUXILIARY})\s+(?:{SUBJECT})\b)|[?？]\s*(?=\S)",
        re.IGNORECASE,
    )
    found: list[Clause] = []
    for part in filter(None, map(str.strip, joint.split(sentence))):
        earlier = (found or list(before))[-1:] if ANAPHOR.search(part) else []
        words = " ".join([clause.text for clause in earlier] + ([context] if context else []))
        found.append(Clause(part, words, sentence))
    return found
