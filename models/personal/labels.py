"""What a number is called: the nearest label before it, right behind it, or at the head of its column.

Without one, a tax number of nine digits looks like the number of an order. Windows are bounded, so that the
time stays linear in the text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

BEFORE = 60
AFTER = 28
MAX_LINE = 600
MAX_TABLE = 6_000
"""Characters above a cell in which the head of its column is looked for."""
SEPARATORS = {"|": 2, "\t": 1, ";": 2, ",": 2}
"""Between cells, and how many of them a row has at least."""

GAP = r"[\s_.\-]{0,2}"
NO = rf"{GAP}(?:number|num|no|nr|nummer|id)"

LABELS = {
    "us_tax": rf"ssn|social{GAP}security|soc{GAP}sec|itin|individual{GAP}taxpayer",
    "tax": rf"tin|tax(?:payer)?{GAP}id\w*|tax{GAP}(?:number|no)|taxpayer",
    "gb_nino": rf"n\.?i\.?{NO}|nino|national{GAP}insurance",
    "gb_nhs": r"nhs",
    "es_id": r"dni|nie|nif|d\.n\.i\.?|n\.i\.[ef]\.?",
    "fr_nir": rf"nir|s[ée]curit[ée]{GAP}sociale|num[ée]ro{GAP}(?:de{GAP})?s[ée]cu|insee",
    "it_codice_fiscale": rf"codice{GAP}fiscale|cod{GAP}fisc\w*|fiscal{GAP}code",
    "de_steuer_id": rf"st(?:euer)?{GAP}(?:id\w*|nr|nummer)|steuerliche{GAP}identifikations\w*|idnr",
    "pl_pesel": r"pesel",
    "nl_bsn": rf"bsn|burgerservice\w*|sofi{GAP}n\w*|citizen{GAP}service",
    "ca_sin": rf"sin|social{GAP}insurance|nas|assurance{GAP}sociale",
    "br_cpf": r"cpf",
    "br_cnpj": r"cnpj",
    "in_aadhaar": r"aa?dhaa?r|uidai|आधार",
    "in_pan": rf"pan(?:{GAP}card)?(?:{NO})?|permanent{GAP}account",
    "au_tfn": rf"tfn|tax{GAP}file",
    "au_abn": rf"abn|a\.b\.n\.|business{GAP}number",
    "nordic": (
        rf"person(?:al)?{GAP}(?:id\w*{GAP})?(?:nummer|number|nr|no)|pers{GAP}nr|p\.?nr|cpr"
        rf"|f[øo]dsels{GAP}n\w*|fnr"
        r"|hetu|henkil[öo]tunnus\w*"
    ),
    "ch_ahv": r"ahv(?:n?13)?|avs|oasi",
    "at_svnr": rf"svnr|sv{GAP}nummer|sozialversicherungs\w*",
    "ie_pps": r"ppsn?",
    "pt_nif": r"contribuinte",
    "za_id": rf"(?:south{GAP}african?|sa){GAP}id(?:entity)?",
    "national": rf"(?:national|citizen|government){GAP}id\w*|identity{GAP}(?:card|n\w*)|id{GAP}(?:card"
    "|number)",
    "passport": r"passport\w*|passeport|reisepass\w*|pasaporte|passaporto|passaporte|paspoort\w*|paszport\w*",
    "phone": (
        r"t[eé]l(?:[eé]fon\w*|[ée]phon\w*|efoon\w*)?|tlf|phone|mob(?:ile?|il\w*)?|cell(?:phone|ul\w+)?"
        r"|handy\w*"
        rf"|gsm|fax|call(?:ed|ing)?|dial|whatsapp|sms|m[óo]vil|portable|rufnummer|r(?:ing|each){GAP}(?:me"
        rf"|us|him|her)"
        rf"|text{GAP}(?:me|us|him|her)|contact{NO}|celular"
    ),
    "card": rf"(?:credit|debit|bank|payment){GAP}card|card{NO}|visa|mastercard|amex|kreditkarte\w*|carte"
    "|tarjeta|cart[ãa]o",
    "bank": r"iban|bic|swift|konto\w*|sort|routing|account",
    "other": (
        r"orders?|invoices?|tickets?|track\w*|shipments?|parcel|transaction\w*|txn|refs?|reference|serial"
        r"|sku|skus|isbn\w*"
        r"|issn|ean|upc|gtin|barcode|imei|meid|article|art|items?|parts?|products?|model|batch|lot|case"
        r"|confirmation"
        r"|booking|bestell\w*|rechnung\w*|auftrag\w*|sendung\w*|artikel\w*|commande|facture|pedido"
        r"|factura|ordine|fattura"
        r"|bestelling|factuur|version|build|commit|revision|timestamp|epoch|time|seed|port|pid|uuid|guid"
        r"|hash|sha\d*|md5"
        r"|rows?|lines?|pages?|vat|ust|tva|iva|requests?|sessions?|trace|span|job|run|records?|ids?|doi"
        r"|pmid|arxiv|patent"
        r"|price|total|amount|size|bytes|count|population|distance|coordinates?|lat|lon|zip|postcode"
        r"|meter|policy|claim"
        r"|contract|quote|po|delivery|warranty|asset|device|chassis|vin"
    ),
}
"""Name of a label → how it is written; `other` is what numbers are called that belong to nobody."""

# In `bsnNumber` and `client_ssn` a word ends within one; PAN is none in PANEL or pane.
LABEL = re.compile(
    r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))(?:"
    + "|".join(f"(?P<{name}>{written})" for name, written in LABELS.items())
    + r")s?(?:[ _-]?(?:card|number|num|no|nr|nummer|id)){0,2}(?-i:(?![a-zß-ÿ])(?!(?<=[A-Z])[A-Z]))",
    re.IGNORECASE,
)


@lru_cache(maxsize=2)
def has_labels(text: str) -> bool:
    """Whether there is any label; asked once for each text that holds a number."""
    return LABEL.search(text) is not None


NEAR = re.compile(r"\.?[^\n,;()|.]{0,18}")
"""What may stand between a number and a word that says what it is the number of."""
BEHIND = re.compile(
    r"[\s(,–-]{1,3}(?:(?:is|was|ist|est|es|är|er|as)\s)?(?:(?:my|the|his|her|our|a|mein\w{0,2}|mon|ma|mi)\s)?"
)


def label(text: str, start: int, end: int) -> str | None:
    """The name of the label that `text[start:end]` stands under; None if it has none.

    The head of a column counts before what stands in the line, and that before what stands above.
    """
    if (head := column(text, start, LABEL)) is not None:
        return head.lastgroup
    if not has_labels(text):
        return None
    named = None
    for found in LABEL.finditer(text, max(0, start - BEFORE), start):
        if found.lastgroup != "other" or NEAR.fullmatch(text, found.end(), start):
            named = found
    if named is None and (gap := BEHIND.match(text, end, end + AFTER)):
        named = LABEL.match(text, gap.end(), end + AFTER)
        named = None if named and text[named.end() : named.end() + 1] == ":" else named
    return named.lastgroup if named else None


MOST_DIGITS = 4


def close_label(text: str, start: int, end: int) -> str | None:
    """The same for what has no check digit: no other number and no paragraph may stand between."""
    if (head := column(text, start, LABEL)) is not None:
        return head.lastgroup
    found, is_near = label(text, start, end), True
    for nearest in LABEL.finditer(text, max(0, start - BEFORE), start):
        between = text[nearest.end() : start]
        if nearest.lastgroup == found:
            is_near = sum(map(str.isdigit, between)) <= MOST_DIGITS and "\n\n" not in between
    return found if is_near else None


def column(text: str, start: int, wanted: re.Pattern[str]) -> re.Match[str] | None:
    """The label in the head of the column in which a place of a table is."""
    begins = text.rfind("\n", max(0, start - MAX_LINE), start) + 1
    if begins <= 1:
        return None
    line = text[begins : begins + MAX_LINE].partition("\n")[0]
    for separator, least in SEPARATORS.items():
        cells = line.count(separator)
        if cells >= least:
            head = _head(text, begins, separator, cells)
            at = text.count(separator, begins, start)
            return wanted.search(head.split(separator)[at]) if head else None
    return None


def _head(text: str, begins: int, separator: str, cells: int) -> str:
    """The first of the lines above with as many cells."""
    head = ""
    for line in _above(text, begins):
        if line.count(separator) != cells:
            break
        head = line
    return head


def _above(text: str, begins: int) -> Iterator[str]:
    """The lines above, nearest first, as far as they are looked at."""
    least = max(0, begins - MAX_TABLE)
    while begins > least:
        ends = begins - 1
        begins = text.rfind("\n", least, ends) + 1
        if begins == 0 and least > 0:
            return
        yield text[begins:ends][:MAX_LINE]
