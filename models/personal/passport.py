"""Passports: the machine-readable zone, and numbers behind the word."""

import re
from collections.abc import Iterator
from itertools import cycle

from models.personal.labels import close_label
from models.personal.span import Span

WEIGHTS = (7, 3, 1)

# ICAO 9303: two lines of 44 (passport) or 36 characters, three of 30 (card); `<` fills.
ZONE = re.compile(
    r"(?:[PVIAC][A-Z<](?<!\w..)[A-Z<]{3}[A-Z0-9<]{25,39}\s{1,3})?"
    r"(?P<number>[A-Z0-9<]{9})(?P<check>[\d<])[A-Z<]{3}(?P<born>\d{6})(?P<born_check>\d)[MFX<]"
    r"(?P<expires>\d{6})(?P<expires_check>\d)[A-Z0-9<]{7,16}(?![A-Z0-9])",
    re.ASCII,
)
CARD_ZONE = re.compile(
    r"[IAC](?<!\w.)[A-Z0-9<][A-Z<]{3}(?P<number>[A-Z0-9<]{9})(?P<check>[\d<])[A-Z0-9<]{15}\s{1,3}"
    r"(?P<born>\d{6})(?P<born_check>\d)[MFX<](?P<expires>\d{6})(?P<expires_check>\d)[A-Z<]{3}[A-Z0-9<]{11}\d"
    r"(?:\s{1,3}[A-Z<]{30})?",
    re.ASCII,
)
NUMBER = re.compile(r"[A-Z0-9](?<!\w.)(?=[A-Z]{0,8}\d)(?:[A-Z0-9]){5,9}(?!\w)", re.ASCII)


def passports(text: str) -> Iterator[Span]:
    """Find machine-readable zones by their check digits, and numbers that are called a passport's."""
    if "<" in text:
        for zone in (ZONE, CARD_ZONE):
            for match in zone.finditer(text):
                if all(_checked(match[part], match[f"{part}_check"]) for part in ("born", "expires")):
                    yield "passport", *match.span()
    for match in NUMBER.finditer(text):
        if sum(map(str.isdigit, match[0])) >= 5 and close_label(text, *match.span()) == "passport":
            yield "passport", *match.span()


def _checked(part: str, check: str) -> bool:
    weighted = sum(int(digit) * weight for digit, weight in zip(part, cycle(WEIGHTS), strict=False))
    return str(weighted % 10) == check
