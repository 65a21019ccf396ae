"""Addresses of the Internet, where they are written as somebody's."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from models.personal.labels import column
from models.personal.span import Span

BEFORE = 40
V4 = re.compile(r"\d(?<![\w.:-].)\d{0,2}(?:\.\d{1,3}){3}(?![\w.-]*\w)", re.ASCII)
V6 = re.compile(
    r"[0-9a-f](?<![\w.:].)[0-9a-f]{0,3}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.ASCII | re.IGNORECASE
)
SOMEBODY = re.compile(
    r"(?<![^\W\d_])(?:(?:client|user|customer|visitor|remote|source|src|caller|login|peer|their|his|her"
    r"|my|your)"
    r"(?:'s)?[\s_.-]{0,2}(?:ip\w*|addr\w*|host)|ip(?:[\s_-]?(?:addr\w*|adress\w*|v[46]))?|x-forwarded-for"
    r"|x-real-ip|cf-connecting-ip"
    r"|adresse[\s_]ip|ip-adresse|direcci[óo]n[\s_]ip|indirizzo[\s_]ip|(?:logged|signed|sign|log)[\s-]?in from"
    r"|connected from|connection from|request(?:ed)? from|registered from|accessed from"
    r"|visits? from)(?![^\W\d_])",
    re.IGNORECASE,
)
ACCESS_LOG = re.compile(r" \S{1,80} \S{1,80} \[\d\d/")
"""How a line of an access log goes on behind the address (Common Log Format)."""


def network_addresses(text: str) -> Iterator[Span]:
    """Find public addresses behind a word that makes them somebody's, and at the head of a log's line.

    An address alone may as well be a server's, or a version; a private one says nothing about a person.
    """
    for pattern in (V4, V6):
        for match in pattern.finditer(text):
            if _is_public(match[0]) and _is_somebodys(text, match):
                yield "ip_address", *match.span()


def _is_public(written: str) -> bool:
    try:
        return ip_address(written).is_global
    except ValueError:
        return False


def _is_somebodys(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    if start == 0 or text[start - 1] == "\n":
        return bool(ACCESS_LOG.match(text, end)) or bool(column(text, start, SOMEBODY))
    return bool(SOMEBODY.search(text, max(0, start - BEFORE), start) or column(text, start, SOMEBODY))
