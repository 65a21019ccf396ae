"""Dates of birth: a date behind a word that says so."""

import re
from collections.abc import Iterator

from models.personal.labels import column
from models.personal.span import Span

BEFORE = 40
YEAR = r"(?:19|20)\d\d"
MONTH = (
    r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|f[eé]v|avr|juin|juil|ao[uû]|d[ée]c"
    r"|ene|abr|ago|dic"
    r"|gen|mag|giu|lug|set|ott|mei|maj|mrt|sty|lut|kwi|cze|lip|sie|wrz|pa[źz]|lis|gru|out)[^\W\d_]{0,9}"
)
DATE = re.compile(
    rf"(?<![\w./-])(?:{YEAR}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:{YEAR}|\d\d)"
    rf"|\d\d?(?:st|nd|rd|th|er|\.|º)?[ -](?:de |of )?{MONTH}\.?,?[ -](?:de )?{YEAR}"
    rf"|{MONTH}\.? \d\d?(?:st|nd|rd|th)?,? {YEAR})(?![\w/-])",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=B)))(?:born|birth(?:[\s_-]?(?:day|date))?|dob|d\.o\.b|bday|geb"
    r"|geboren|geburts\w*"
    r"|n[ée]e?[\s_]+le|naissance|nat[oa][\s_]+il|nascita|nacimiento|nacid[oa]|nac|nascimento|nascid[oa]"
    r"|geboorte\w*"
    r"|född|fødselsdato|født|fødselsdag|urodz\w*|ur|syntym\w*)(?![^\W\d_](?-i:[a-z]))",
    re.IGNORECASE,
)


ANCHOR = re.compile(r"(?:19|20)(?<!\d..)\d\d(?!\d)|\d(?<!\d.)\d?[-/.]\d\d?[-/.]\d\d(?!\d)", re.ASCII)
"""A part of every date, that is found fast."""
LONGEST = 26


def birth_dates(text: str) -> Iterator[Span]:
    """Find dates of birth; a second date between the word and this one takes the word for itself."""
    done = 0
    for anchor in ANCHOR.finditer(text):
        if anchor.start() < done:
            continue
        for date in DATE.finditer(text, max(done, anchor.start() - LONGEST), anchor.end() + LONGEST):
            if date.start() <= anchor.start() < date.end():
                done = date.end()
                if _is_of_birth(text, date.start()):
                    yield "birth_date", *date.span()


def _is_of_birth(text: str, start: int) -> bool:
    if column(text, start, LABEL):
        return True
    last = None
    for last in LABEL.finditer(text, max(0, start - BEFORE), start):  # noqa: B007  the nearest one
        pass
    return last is not None and not any(map(str.isdigit, text[last.end() : start]))
