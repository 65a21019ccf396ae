"""Numbers of accounts and cards, by their check digits."""

import re
from collections.abc import Iterator

from models.personal.checks import digits, valid
from models.personal.labels import label
from models.personal.span import Span

IBAN = re.compile(r"[A-Z](?<!\w.)[A-Z]\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?:[ -][A-Z0-9])?(?!\w)", re.ASCII)
CARD = re.compile(
    r"[2-6](?<![\w.-].)(?<!\b0,.)(?:\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?"
    r"|(?<=3)[47]\d{2}([ -]?)\d{6}\2\d{5}"
    r"|(?<=3)[068]\d{2}([ -]?)\d{6}\3\d{4})(?![\w-])",
    re.ASCII,
)
ISSUERS = re.compile(
    r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|5018|5020|5038|6304|6759|676[1-3]|3[47]|3[068]|35[2-8]"
    r"|6011|64[4-9]|65"
    r"|62|50[89]|60[0-9]|81|82"
)
"""How numbers of payment cards begin (ISO/IEC 7812): Visa, Mastercard, Maestro, American Express, Diners,
JCB, Discover, UnionPay and RuPay."""


def ibans(text: str) -> Iterator[Span]:
    """Find account numbers."""
    for candidate in IBAN.finditer(text):
        number = candidate[0]
        # A word in capitals may follow the number.
        while len(number) >= 15 and not valid("iban")(number):
            number = re.sub(r"[ -]?[A-Z0-9]*$", "", number) if re.search("[ -]", number) else ""
        if len(number) >= 15:
            yield "iban", candidate.start(), candidate.start() + len(number)


def cards(text: str) -> Iterator[Span]:
    """Find card numbers; one that is called the number of something else is none."""
    for candidate in CARD.finditer(text):
        number = digits(candidate[0])
        if ISSUERS.match(number) and valid("luhn")(number) and label(text, *candidate.span()) != "other":
            yield "card_number", *candidate.span()
