"""Postal addresses in the regular form of their country: street, house number, postcode, town."""

import re
from collections.abc import Iterator

from models.personal.span import Span

W = r"[^\W\d_][^\W\d_.'’-]{0,30}"
"""A word."""
NAME = r"(?-i:[^\W\d_a-zß-ÿ])[\w.'’-]{0,30}"
"""A word with a capital; the ranges leave out small letters."""
TOWN = rf"{NAME}(?:[ -](?:{NAME}|am|an der|de|del|di|la|le|sur|upon|den)){{0,3}}"
NUMBER = r"\d{1,4}(?: ?[a-z]\b)?(?:[-/]\d{1,4})?"
STREET = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|way"
    "|parkway|pkwy|close"
    "|crescent|gardens|grove|hill|mews|row|highway|hwy|circle|cir|trail"
)
UNIT = r"(?:,? (?:apt|apartment|suite|ste|unit|flat|floor|#)\.? ?[\w-]{1,6})?"
ENGLISH_CODE = (
    r"(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT) \d{4}"
    r"|[A-Z]{2},? [A-Z]\d[A-Z] ?\d[A-Z]\d)"
)
UNIT_BEFORE = re.compile(r"\b(?:flat|apartment|apt\.?|unit|suite) \w{1,5},? ?\Z", re.IGNORECASE)
B = r"(?:,? |, ?|\n|, ?\n|\\n)"
"""Between the lines of an address."""

FORMS = (
    # US, UK, Canada, Australia: 12 Example Street, Town, ST 12345
    re.compile(
        rf"\d(?<![\w.,/-].)\d{{0,4}}[a-z]?(?:-\d{{1,4}})? (?:{NAME} ){{1,4}}(?:{STREET})\b\.?{UNIT}{B}"
        rf"(?:{TOWN}{B}){{1,2}}(?-i:{ENGLISH_CODE})(?!\w)",
        re.IGNORECASE,
    ),
    # Germany, Austria, Switzerland: Beispielstraße 12, 12345 Stadt
    re.compile(
        rf"(?<![\w-]){NAME}(?:(?: {W}){{0,2}}[ -]?(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm"
        rf"|ufer|markt|graben))"
        rf" {NUMBER}{B}(?:[A-Z]{{1,2}}-)?\d{{4,5}} {TOWN}",
        re.IGNORECASE,
    ),
    # France: 12 rue de l'Exemple, 75001 Ville
    re.compile(
        rf"\d(?<![\w.,/-].)\d{{0,3}}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|impasse"
        rf"|all[ée]e|chemin|quai|cours|route)"
        rf" [\w.'’ -]{{2,40}}?{B}\d{{5}} {TOWN}",
        re.IGNORECASE,
    ),
    # Spain, Italy, Portugal, Brazil, Poland: Calle Ejemplo 5, 28013 Ciudad
    re.compile(
        r"(?<!\w)(?:calle|c/|avenida|avda\.?|plaza|paseo|camino|carrer|via|viale|piazza|corso|largo"
        r"|vicolo|rua|travessa|ul\.|al\.|aleja)"
        rf" ?[\w.'’ -]{{2,40}}?,? (?:n[º°o.] ?)?{NUMBER}"
        rf"(?:[ ,-]{{1,3}}[\wº°ª.]{{1,12}}){{0,3}}?{B}\d{{2,5}}(?:-\d{{3}})? {TOWN}",
        re.IGNORECASE,
    ),
    # Netherlands, Sweden: Voorbeeldstraat 12, 1017 GA Stad
    re.compile(
        rf"{NAME}(?: {W}){{0,2}} {NUMBER}{B}(?:\d{{4}} ?(?-i:[A-Z]{{2}}),?|\d{{3}} \d\d) {TOWN}",
        re.IGNORECASE,
    ),
)
CODE = re.compile(r"\d{4}|\d\d-\d{3}|\d{3} \d\d|\d[A-Z]{2}\b|[A-Z]\d[A-Z]", re.ASCII)
"""Something like a postcode; a text without one holds no address."""


def addresses(text: str) -> Iterator[Span]:
    """Find postal addresses."""
    if CODE.search(text):
        for form in FORMS:
            for match in form.finditer(text):
                before = UNIT_BEFORE.search(text, max(0, match.start() - 20), match.start())
                yield "postal_address", before.start() if before else match.start(), match.end()
