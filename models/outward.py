"""Where a text leads its reader: links, addresses, account numbers, and the secrets it gives away."""

import re
from collections.abc import Iterator
from unicodedata import normalize

from models.sensitive import find

# `example[.]com`, `example (dot) com` and invisible characters are how a link is written past a filter.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""What Unicode calls default ignorable."""
DOT = re.compile(
    r"\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|[\u3002\uff61]|(?<=\w) (?:dot|\.) (?=(?:com|net|org|io|info|biz)\b)",
    re.IGNORECASE,
)
URL = re.compile(r"(?<![\w@])[a-z][a-z0-9+.-]{1,15}://[^\s<>\"'`)\]}]{1,2000}+", re.IGNORECASE)
HOST = re.compile(
    r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])(?::\d{1,5})?(?:/[^\s<>\"'`)\]}]{0,2000}+)?",
    re.IGNORECASE,
)
IP = re.compile(
    r"(?<![\w@.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5}(?:/[^\s<>\"'`)\]}]{0,2000}+)?|/[^\s<>\"'`)\]}]{1,2000}+)",
    re.ASCII,
)
"""Four numbers with a port or a path; without one they may as well be a version."""
LONG_NUMBER = re.compile(r"(?<![\w.,-])[A-Z]{0,3}\d(?:[ -]?[\dA-Z]){7,33}(?![\w-])", re.ASCII)
DATE = re.compile(r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d(?!\d)")
FILE = re.compile(
    r"avi|bmp|cfg|conf|cpp|css|csv|docx?|eml|exe|gif|gz|html?|ini|java|jpe?g|js|json|log|md|mov|mp[34]|od[st]|pdf"
    r"|png|pptx?|py|rb|rs|rtf|sh|sql|svg|tar|tex|toml|ts|tsv|txt|wav|webp|xlsx?|xml|ya?ml|zip"
)
"""Endings of file names, which look like domains."""
COMMON = frozenset(
    {"com", "net", "org", "info", "biz", "io", "dev", "app", "xyz", "online", "site", "top", "shop"}
)
"""Endings that are domains however they are written."""


def destinations(text: str) -> frozenset[str]:
    """Links, addresses, account numbers and secrets of a text, in forms that can be compared."""
    plain = DOT.sub(".", INVISIBLE.sub("", normalize("NFKC", text)))
    return frozenset(_found(plain)) | frozenset(_found(text))


def _found(text: str) -> Iterator[str]:
    yield from (_link(match[0]) for match in URL.finditer(text))
    yield from (_link(match[0]) for match in HOST.finditer(text) if _is_host(match[0]))
    yield from (_link(match[0]) for match in IP.finditer(text))
    yield from (_compact(text[match.start : match.end]) for match in find(text))
    numbers = LONG_NUMBER.finditer(DATE.sub(" ; ", text))
    yield from (_compact(match[0]) for match in numbers if _digits(match[0]) >= 8)


def _is_host(found: str) -> bool:
    """Whether it is a host; `sentence.Next` is none, and neither is the name of a file."""
    host, slash, _ = found.partition("/")
    host = host.partition(":")[0]
    last = host.rpartition(".")[2]
    if slash or host.casefold().startswith("www.") or last.casefold() in COMMON:
        return True
    return (last.islower() or host.isupper()) and not FILE.fullmatch(last.casefold())


def _link(found: str) -> str:
    """Without scheme, `www.` stays: it is another host."""
    return re.sub(r"^[a-z]+://", "", found.casefold()).rstrip(".,;:!?/")


def _compact(found: str) -> str:
    return re.sub(r"[ -]", "", found).casefold()


def _digits(found: str) -> int:
    return sum(char.isdigit() for char in found)
