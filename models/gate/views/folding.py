"""Folding: what looks the same becomes the same, and what cannot be seen goes."""

import re
from collections.abc import Iterator
from unicodedata import combining, normalize

import numpy as np

from models.gate.views.lookalikes import latinised
from models.gate.views.view import Part, View, rewritten

CONTROL = "\x00-\x08\x0e-\x1f\x7f"
# Default-ignorable code points (Unicode's DerivedCoreProperties), controls, and what terminals obey.
INVISIBLE = re.compile(
    rf"(?:\x1b\[[0-9;]{{0,20}}[A-Za-z]|[{CONTROL}\x80-\x84\x86-\x9f"
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff])+"
)
CONTROLS = re.compile(f"[{CONTROL}]")
MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
CLUSTER = re.compile(f".?[{MARKS}]++|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?", re.DOTALL)
STACK = 3
"""So many marks on a letter, or more, are decoration: Vietnamese has two."""
LONGEST = 3
"""What a character may become: U+FDFA alone would become 18."""
REMEMBERED = 65_536


class Fold(dict[int, str]):
    """Compatibility form (NFKC) of each character; made when it is first asked for."""

    def __missing__(self, code: int) -> str:
        """The character's form, or itself where that would be long."""
        letter = _enclosed(code)
        folded = normalize("NFKC", letter)
        if len(folded) > LONGEST:
            folded = letter
        if len(self) < REMEMBERED:
            self[code] = folded
        return folded


FOLD = Fold()


def folded(view: View) -> View:
    """The view in compatibility form without invisible characters, stacked marks and letters of disguise."""
    if view.text.isascii() and not CONTROLS.search(view.text):
        return view
    view = _compatible(_without_invisible(view))
    view = rewritten(view, edits) if (edits := list(_clusters(view.text))) else view
    return rewritten(view, edits) if (edits := list(latinised(view.text))) else view


def _enclosed(code: int) -> str:
    """Letters that NFKC leaves enclosed, and what nobody can encode."""
    for first in (0x1F110, 0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    if 0x249C <= code < 0x249C + 26:
        return chr(ord("a") + code - 0x249C)
    if code == 0x2800:
        return " "
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def _without_invisible(view: View) -> View:
    found = [Part(*match.span(), "") for match in INVISIBLE.finditer(view.text)]
    return rewritten(view, found) if found else view


def _compatible(view: View) -> View:
    text = view.text.translate(FOLD)
    if text == view.text:
        return view
    if len(text) == len(view.text):
        return view._replace(text=text)
    lengths = np.fromiter((len(FOLD[ord(letter)]) for letter in view.text), np.int64, len(view.text))
    return View(view.kind, text, np.append(np.repeat(view.offsets[:-1], lengths), view.offsets[-1]))


def _clusters(text: str) -> Iterator[Part]:
    """Letters with their marks, composed (NFC); what cannot be composed loses its marks."""
    for match in CLUSTER.finditer(text):
        yield Part(*match.span(), _composed(match[0]))


def _composed(cluster: str) -> str:
    if "\u1100" <= cluster[0] <= "\u1112":
        return normalize("NFC", cluster)
    letter = cluster[0]
    if not letter.isalpha():
        return "" if combining(letter) else letter
    if len(cluster) <= STACK:
        composed = normalize("NFC", cluster)
        return composed if len(composed) == 1 else letter
    return normalize("NFD", letter)[0]
