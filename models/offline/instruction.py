"""Whether a clause orders a tool that changes the world; a mention, a question or a quotation does not."""

import re

from models.offline.clauses import ASK, FILLER, Clause
from models.offline.naming import words
from models.offline.prompt import Tool
from models.text import terms

MAX_ORDER = 1_000
"""A longer request is more than an order: it quotes or tells something."""

NEGATED = re.compile(
    r"\b(?:not|never|don't|dont|doesn't|won't|without|no longer|cannot|can't|instead of)\b", re.IGNORECASE
)
CONDITIONAL = re.compile(
    r"\b(?:if|unless|when|whether|in case|once|until|provided|depending|should|might|would it|suppose)\b",
    re.IGNORECASE,
)
REPORTED = re.compile(
    r"\b(?:said|says?|saying|wrote|writes|asked|asks|told|tells|claims?|according|summari[sz]e|translate|quote|"
    r"review|document|example|e-?mail|message|text|following|ignore|pretend|hypothetical(?:ly)?)\b",
    re.IGNORECASE,
)
PARTIAL = re.compile(
    r"\b(?:half|third|quarter|partial(?:ly)?|part|some|percent|except|only|but|twice|again|minus|less|or)\b|%",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[\"“„«`].*?[\"”“»`]|:\s.*|(?<!\w)'.*?'(?!\w)", re.DOTALL)
OBJECT = re.compile(
    r"(?:the|a|an|my|our|this|that|it|them|him|her|me|us|all|to|for|back|in full|full|customer)\b"
    r"|\S*\d|[$€£]",
    re.IGNORECASE,
)
REQUESTED = (
    r"(?:(?:want|need|request|issue|make|process|start|create|place)\s+(?:a|an|the|my|me a)\s+(?:full\s+)?)"
)


def verbs(tool: Tool) -> list[str]:
    """What the tool does: the first words of its name and its description, also without a final `s`."""
    first = [word.strip(".,:;") for word in (*words(tool.name)[:1], *tool.description.lower().split()[:1])]
    return sorted({form for word in first if word.isalpha() for form in (word, word.removesuffix("s"))})


def ordered(clause: Clause, tool: Tool) -> bool:
    """Whether the clause is an instruction to use the tool, now and in full.

    Text in quotation marks or after a colon is somebody else's; a condition, a doubt, a negation or a
    part of the whole is more than a rule can judge, so the tool is not planned.
    """
    sentence, request = clause.sentence, clause.request.strip()
    if len(request) > MAX_ORDER or REPORTED.search(request) or QUOTED.search(request):
        return False
    if NEGATED.search(sentence) or CONDITIONAL.search(sentence) or PARTIAL.search(clause.text):
        return False
    return _commanded(clause.text, tool) and _opens_with_an_ask(sentence, tool)


def _commanded(text: str, tool: Tool) -> bool:
    named = "|".join(map(re.escape, verbs(tool)))
    if not named:
        return False
    core = FILLER.sub("", text)
    courteous = FILLER.match(text) is not None
    if (match := re.match(rf"(?:{named})\s+", core, re.IGNORECASE)) and (courteous or not text.endswith("?")):
        rest = core[match.end() :]
        following = set(terms(rest.split()[0])) if rest.split() else set()
        return bool(OBJECT.match(rest)) or bool(following & set(terms(" ".join(words(tool.name)[1:]))))
    return bool(re.match(rf"(?:i\s+)?{REQUESTED}(?:{named})\b", core, re.IGNORECASE))


def _opens_with_an_ask(sentence: str, tool: Tool) -> bool:
    """A statement may not smuggle an order in behind an `and`."""
    core = FILLER.sub("", sentence)
    return bool(ASK.match(core)) or _commanded(sentence, tool)
