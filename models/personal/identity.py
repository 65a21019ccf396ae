"""Numbers that a state gives to a person, by country.

A number counts by its check digit where nothing else is written like it, and by check digit and label where
order numbers are. Kinds without a check digit need a form of their own or a label.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from models.personal.checks import valid
from models.personal.labels import close_label, has_labels, label
from models.personal.span import Span

DISTINCT = {
    "us_ssn": ("us.ssn", r"\d(?<![\w-].)\d{2}-\d{2}-\d{4}(?![\w-])"),
    "us_itin": ("", r"9(?<![\w-].)\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![\w-])"),
    "gb_nino": ("", r"[A-CEGHJ-PRSTW-Z](?<![\w-].)[A-CEGHJ-NPRSTW-Z] \d\d \d\d \d\d [A-D](?![\w-])"),
    "es_dni": ("es.dni", r"\d(?<![\w-].)\d{7}-?[A-Z](?![\w-])"),
    "es_nie": ("es.nie", r"[XYZ](?<![\w-].)-?\d{7}-?[A-Z](?![\w-])"),
    "fr_nir": ("fr.nir", r"[12](?<![\w-].) ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d(?![\w-])"),
    "it_codice_fiscale": (
        "it.codicefiscale",
        r"[A-Z](?<!\w.)[A-Z]{5}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)",
    ),
    "br_cpf": ("br.cpf", r"\d(?<![\w.-].)\d\d\.\d{3}\.\d{3}-\d\d(?![\w-])"),
    "br_cnpj": ("br.cnpj", r"\d(?<![\w.-].)\d\.\d{3}\.\d{3}/\d{4}-\d\d(?![\w-])"),
    "ch_ahv": ("ch.ssn", r"756(?<![\w.-]756)\.\d{4}\.\d{4}\.\d\d(?![\w-])"),
    "be_nn": ("be.nn", r"\d(?<![\w.-].)\d\.\d\d\.\d\d-\d{3}\.\d\d(?![\w-])"),
    "fi_hetu": ("fi.hetu", r"\d(?<![\w.-].)\d{5}[-+A]\d{3}[0-9A-Y](?![\w-])"),
    "mx_curp": ("mx.curp", r"[A-Z](?<!\w.)[A-Z]{3}\d{6}[HM][A-Z]{5}[A-Z0-9]\d(?!\w)"),
}
"""Kind → check of python-stdnum, and a form that nothing else is written in."""
PATTERNS = {kind: (check, re.compile(form, re.ASCII)) for kind, (check, form) in DISTINCT.items()}


class Labelled(NamedTuple):
    """A number that counts only under one of these labels."""

    check: str
    """The module of python-stdnum; empty where the form is all there is."""
    form: re.Pattern[str]
    labels: tuple[str, ...]


def _labelled(check: str, form: str, *labels: str) -> Labelled:
    return Labelled(
        check, re.compile(rf"(?<![A-Za-z\d])(?:{form})(?![A-Za-z\d])", re.ASCII | re.IGNORECASE), labels
    )


SPACE = re.compile(r"\s")
LABELLED = {
    "us_ssn": _labelled("us.ssn", r"\d{3}[ .-]?\d\d[ .-]?\d{4}", "us_tax", "tax", "national"),
    "us_itin": _labelled("", r"9\d\d[ .-]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ .-]?\d{4}", "us_tax", "tax"),
    "gb_nino": _labelled(
        "", r"[A-CEGHJ-PRSTW-Z][A-CEGHJ-NPRSTW-Z](?:[ -]?\d\d){3}[ -]?[A-D]", "gb_nino", "national"
    ),
    "gb_nhs": _labelled("gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb_nhs"),
    "es_dni": _labelled("es.dni", r"\d\d\.?\d{3}\.?\d{3}[ -]?[A-Z]", "es_id", "national"),
    "es_nie": _labelled("es.nie", r"[XYZ][ -]?\d{7}[ -]?[A-Z]", "es_id", "national"),
    "fr_nir": _labelled("fr.nir", r"[12](?:[ .-]?\d){2,4}[ .-]?\d[\dAB](?:[ .-]?\d){8}", "fr_nir"),
    "it_codice_fiscale": _labelled(
        "it.codicefiscale", r"[A-Z]{3} ?[A-Z]{3} ?\d\d[A-Z]\d\d ?[A-Z]\d{3}[A-Z]", "it_codice_fiscale", "tax"
    ),
    "de_steuer_id": _labelled("de.idnr", r"\d\d[ ./]?\d{3}[ ./]?\d{3}[ ./]?\d{3}", "de_steuer_id", "tax"),
    "pl_pesel": _labelled("pl.pesel", r"\d{11}|\d{6} \d{5}", "pl_pesel", "national"),
    "nl_bsn": _labelled("nl.bsn", r"\d{8,9}|\d{3}([ .-])\d{3}\1\d{3}|\d{4}[ .]\d\d[ .]\d{3}", "nl_bsn"),
    "ca_sin": _labelled("ca.sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca_sin"),
    "br_cpf": _labelled("br.cpf", r"\d{11}|\d{9}-\d\d", "br_cpf"),
    "br_cnpj": _labelled("br.cnpj", r"\d{14}|\d{8}/\d{4}-\d\d", "br_cnpj"),
    "in_aadhaar": _labelled("in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", "in_aadhaar"),
    "in_pan": _labelled("in_.pan", r"[A-Z]{5}\d{4}[A-Z]", "in_pan", "tax"),
    "au_tfn": _labelled("au.tfn", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", "au_tfn", "tax"),
    "au_abn": _labelled("au.abn", r"\d\d[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}", "au_abn"),
    "se_personnummer": _labelled("se.personnummer", r"(?:19|20)?\d{6}[ +-]?\d{4}", "nordic", "national"),
    "dk_cpr": _labelled("dk.cpr", r"\d{6}[ -]?\d{4}", "nordic", "national"),
    "no_fodselsnummer": _labelled("no.fodselsnummer", r"\d{6}[ -]?\d{5}", "nordic", "national"),
    "ch_ahv": _labelled("ch.ssn", r"756[ .]?\d{4}[ .]?\d{4}[ .]?\d\d", "ch_ahv", "at_svnr"),
    "at_svnr": _labelled("at.vnr", r"\d{4}[ -]?\d{6}", "at_svnr"),
    "ie_pps": _labelled("ie.pps", r"\d{7}[A-W][A-IW]?", "ie_pps"),
    "pt_nif": _labelled("pt.nif", r"\d{3} ?\d{3} ?\d{3}", "es_id", "pt_nif"),
    "za_id": _labelled("za.idnr", r"\d{6} ?\d{4} ?\d{3}", "za_id", "national"),
}
BY_LABEL: dict[str, list[str]] = {}
for _kind, _number in LABELLED.items():
    for _label in _number.labels:
        BY_LABEL.setdefault(_label, []).append(_kind)

# The digits of a number, in groups or not; letters may stand around them.
DIGITS = re.compile(r"\d(?<!\d.)(?<!\d\..)(?:[ ./+-]{0,2}\d){3,17}(?!\d)(?!\.\d)", re.ASCII)
AROUND = 10
"""Characters before and behind the digits that may belong to the number."""


def identities(text: str) -> Iterator[Span]:
    """Find numbers of persons; the spans may overlap."""
    for kind, (check, pattern) in PATTERNS.items():
        for match in pattern.finditer(text):
            if not check or valid(check)(match[0]):
                yield kind, *match.span()
    for match in DIGITS.finditer(text) if DIGITS.search(text) and has_labels(text) else ():
        yield from _under_label(text, *match.span())


def _under_label(text: str, start: int, end: int) -> Iterator[Span]:
    """The numbers that these digits are a part of, if they stand under a label."""
    named = label(text, start, end) or ""
    for kind in BY_LABEL.get(named, ()):
        number = LABELLED[kind]
        if not number.check and close_label(text, start, end) != named:
            continue
        for match in number.form.finditer(text, max(0, start - AROUND), end + AROUND):
            is_here = match.start() < end and match.end() > start
            if is_here and (not number.check or valid(number.check)(SPACE.sub("", match[0]))):
                yield kind, *match.span()
