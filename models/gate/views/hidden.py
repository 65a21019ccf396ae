"""Text that is not as it is shown: tags, variation selectors, zero-width patterns, overrides of direction."""

import re
from collections.abc import Iterator

from models.gate.views.view import Part

# A flag of a region is a black flag with a few tags.
TAGS = re.compile("(?<!\U0001f3f4)[\U000e0020-\U000e007e]{2,}")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
BITS = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]{32,}")
OVERRIDE = re.compile("\u202e[^\u202c\n]{4,}")
HIDDEN = re.compile("\u202e|[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]{2}")


def hidden(text: str) -> dict[str, list[Part]]:
    """What a reader of the screen does not see in the text, by the way it is written."""
    if text.isascii() or not HIDDEN.search(text):
        return {}
    found = {
        "tags": [Part(*m.span(), "".join(chr(ord(c) - 0xE0000) for c in m[0])) for m in TAGS.finditer(text)],
        "selectors": [Part(*m.span(), read) for m in SELECTORS.finditer(text) if (read := _bytes(m[0]))],
        "zero_width": [Part(*m.span(), read) for m in BITS.finditer(text) if (read := _bits(m[0]))],
        "override": [Part(*m.span(), m[0][::-1], backwards=True) for m in OVERRIDE.finditer(text)],
    }
    return {kind: parts for kind, parts in found.items() if parts}


def _bytes(run: str) -> str:
    """Selectors as bytes: the first 16 stand for 0 to 15, the supplement for the rest."""
    codes = (ord(letter) for letter in run)
    data = bytes(code - 0xFE00 if code < 0xFE10 else code - 0xE0100 + 16 for code in codes)
    return _text(data)


def _bits(run: str) -> str:
    """Two kinds of characters as bits, whichever of them is 1."""
    kinds = sorted(set(run))
    if len(kinds) != 2:
        return ""
    return next(filter(None, _readings(run, kinds)), "")


def _readings(run: str, kinds: list[str]) -> Iterator[str]:
    for zero, one in (kinds, kinds[::-1]):
        bits = run.replace(zero, "0").replace(one, "1")
        yield _text(bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits) - 7, 8)))


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() or "\n" in text else ""
