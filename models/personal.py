"""Personal data: e-mail addresses, phone numbers, and numbers with check digits."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import TypeAlias

Span: TypeAlias = tuple[str, int, int]
"""Kind, start, end."""

# What may not stand before a pattern comes second in it: `re` then searches twice as fast.
# `git@host:path` is an address of a repository.
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}+@(?:[\w-]{1,63}+\.(?=\w)){1,8}+[^\W\d_]{2,24}+(?!:\w)")
PHONE = re.compile(r"[+＋](?<![\w+].)\(?\d[\d ()./\u00a0-]{6,24}")
PHONE_US = re.compile(r"[(\d](?<![\w.-].)(?:(?<=\()\d{3}\) ?|\d\d[-.])\d{3}[-.]\d{4}(?![\w-])", re.ASCII)
IBAN = re.compile(r"[A-Z](?<!\w.)[A-Z]\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?!\w)", re.ASCII)
CARD = re.compile(
    r"[2-6](?<![\w.,-].)(?:\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}|(?<=3)[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w-])",
    re.ASCII,
)
NATIONAL_IDS = {
    "us.ssn": re.compile(r"\d(?<![\w-].)\d{2}-\d{2}-\d{4}(?![\w-])", re.ASCII),
    "es.dni": re.compile(r"\d(?<![\w-].)\d{7}-?[A-Z](?![\w-])", re.ASCII),
    "es.nie": re.compile(r"[XYZ](?<![\w-].)-?\d{7}-?[A-Z](?![\w-])", re.ASCII),
    "fr.nir": re.compile(r"[12](?<![\w-].) ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d(?![\w-])", re.ASCII),
    "it.codicefiscale": re.compile(
        r"[A-Z](?<!\w.)[A-Z]{5}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)", re.ASCII
    ),
}


def personal_data(text: str) -> Iterator[Span]:
    """Find personal data; the spans may overlap.

    A phone number counts in international format, or in the format of the USA: without either, an order
    number or a price looks the same.
    """
    if "@" in text:
        yield from (("email", *match.span()) for match in EMAIL.finditer(text))
    yield from _phones(text)
    yield from _ibans(text)
    yield from (("card_number", *m.span()) for m in CARD.finditer(text) if _valid("luhn")(_digits(m[0])))
    for name, pattern in NATIONAL_IDS.items():
        yield from (("national_id", *m.span()) for m in pattern.finditer(text) if _valid(name)(m[0]))


def _phones(text: str) -> Iterator[Span]:
    for pattern, region in ((PHONE, None), (PHONE_US, "US")):
        for candidate in pattern.finditer(text):
            from phonenumbers import PhoneNumberMatcher

            for phone in PhoneNumberMatcher(candidate[0], region):
                yield "phone", candidate.start() + phone.start, candidate.start() + phone.end


def _ibans(text: str) -> Iterator[Span]:
    for candidate in IBAN.finditer(text):
        number = candidate[0]
        # A word in capitals may follow the number.
        while len(number) >= 15 and not _valid("iban")(number):
            number = re.sub(r"[ -]?[A-Z0-9]*$", "", number) if re.search("[ -]", number) else ""
        if len(number) >= 15:
            yield "iban", candidate.start(), candidate.start() + len(number)


@cache
def _valid(name: str) -> Callable[[str], bool]:
    """The check of python-stdnum; loaded when the first candidate asks for it."""
    check: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return check


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)
