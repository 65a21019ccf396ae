"""E-mail addresses and phone numbers."""

import re
from collections.abc import Iterator

from models.personal.labels import close_label, has_labels, label
from models.personal.span import Span

# What may not stand before a pattern comes second in it: `re` then searches twice as fast.
# `git@host:path` is an address of a repository, `icon@2x.png` a file, `x@self.w` a product of matrices.
EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}+@(?!self\.|\dx\.)(?:[\w-]{1,63}+\.(?=\w)){1,8}+(?!(?:png|jpe?g|gif|svg"
    r"|webp)\b)"
    r"[^\W\d_]{2,24}+(?!:\w|\()"
)
INTERNATIONAL = re.compile(r"(?:[+＋](?<![\w+].)|00(?<!\w..)(?=[1-9]\d))\(?\d[\d ()./\u00a0-]{6,24}")
AMERICAN = re.compile(r"[(\d](?<![\w.-].)(?:(?<=\()\d{3}\) ?|\d\d[-.])\d{3}[-.]\d{4}(?![\w-])", re.ASCII)
NATIONAL = (
    ("FR", re.compile(r"0(?<![\w.-].)[1-9](?:([ .-])\d\d)(?:\1\d\d){3}(?![\w-])", re.ASCII)),
    (
        "GB",
        re.compile(
            r"0(?<![\w.-].)(?:7\d{3} \d{6}|7\d{3} \d{3} \d{3}|20 \d{4} \d{4}|1\d{3} \d{6})(?![\w-])", re.ASCII
        ),
    ),
    ("BR", re.compile(r"\((?<!\w.)[1-9]\d\) ?(?:9\d{4}|[2-5]\d{3})-\d{4}(?![\w-])", re.ASCII)),
    ("AU", re.compile(r"0(?<![\w.-].)4\d\d \d{3} \d{3}(?![\w-])", re.ASCII)),
    ("NL", re.compile(r"0(?<![\w.-].)6[ -]\d{8}(?![\w-])", re.ASCII)),
)
"""National formats that nothing else is written in."""
LABELLED = re.compile(r"[(\d](?<!\w.)(?<!\d[.-].)(?:[ ()./-]{0,2}\d){6,13}(?!\w)(?!\.\d)", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[/.]\d\d?[/.]\d{4}", re.ASCII)
REGIONS = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "BR",
    "IN",
    "AU",
    "SE",
    "PL",
    "CH",
    "BE",
    "AT",
    "DK",
    "PT",
    "IE",
)
"""Whose national numbers count behind a word such as `phone`."""


LEAST_DIGITS = 9


def emails(text: str) -> Iterator[Span]:
    """Find e-mail addresses."""
    if "@" in text:
        yield from (("email", *match.span()) for match in EMAIL.finditer(text))


def phones(text: str) -> Iterator[Span]:
    """Find phone numbers: international, in a national format of its own, or behind a word that says so.

    Without any of these, an order number or a price looks the same.
    """
    for candidate in INTERNATIONAL.finditer(text):
        yield from _matched(candidate, None)
    for candidate in AMERICAN.finditer(text):
        if label(text, *candidate.span()) != "other":
            yield from _matched(candidate, "US")
    for region, pattern in NATIONAL:
        for candidate in pattern.finditer(text):
            if label(text, *candidate.span()) != "other" and _is_number(candidate[0], region):
                yield "phone", *candidate.span()
    for candidate in LABELLED.finditer(text) if LABELLED.search(text) and has_labels(text) else ():
        if close_label(text, *candidate.span()) == "phone" and _is_anywhere(candidate[0]):
            yield "phone", *candidate.span()


def _matched(candidate: re.Match[str], region: str | None) -> Iterator[Span]:
    from phonenumbers import Leniency, PhoneNumberMatcher

    # Behind a plus sign also a number that is not given out yet; 00 is how it is dialled in most countries.
    leniency = Leniency.POSSIBLE if candidate[0][0] in "+＋" else Leniency.VALID
    dialled_from = region or ("DE" if candidate[0][0] == "0" else None)
    for phone in PhoneNumberMatcher(candidate[0], dialled_from, leniency):
        if region or sum(map(str.isdigit, phone.raw_string)) >= LEAST_DIGITS:
            yield "phone", candidate.start() + phone.start, candidate.start() + phone.end


def _is_anywhere(number: str) -> bool:
    return not DATE.match(number) and any(_is_number(number, region) for region in REGIONS)


def _is_number(number: str, region: str) -> bool:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(parse(number, region))
    except NumberParseException:
        return False
