"""Every reading of a text: as it stands, and as what is written in it in other ways."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.gate.views.decoding import encoded
from models.gate.views.escapes import unescaped
from models.gate.views.folding import folded
from models.gate.views.hidden import hidden
from models.gate.views.leet import respelt
from models.gate.views.numerals import numerals
from models.gate.views.spacing import clumped, spaced
from models.gate.views.strewn import asked, unstrewn
from models.gate.views.turning import turned
from models.gate.views.view import Part, View, assembled, extracted, rewritten, whole

DEPTH = 2
"""How often a text may be encoded."""
CONTEXT = 130
"""Characters that are read on each side of what was rewritten."""
BUDGET = 2
"""All readings but the plain one have at most so many times the text's length,"""
ALLOWANCE = 2_000
"""and so many characters more; what is encoded once comes before what is encoded twice."""

INLINE = (
    ("escaped", unescaped),
    ("spaced", spaced),
    ("clumped", clumped),
    ("leet", respelt),
    ("strewn", unstrewn),
)


def views(text: str) -> list[View]:
    """What a model would read in a text: the plain view first, which covers the whole text, then the others.

    A further view is there only where something is to be decoded. Its cost is linear in the text, and it
    raises for no text.
    """
    original = whole(text)
    plain = folded(original)
    found = [plain]
    seen = {plain.text}
    room = BUDGET * len(text) + ALLOWANCE
    level = [*_hidden(original), *_made(plain)]
    for depth in range(1, DEPTH + 1):
        kept = []
        for view in level:
            if view.text not in seen and len(view.text) <= room:
                seen.add(view.text)
                room -= len(view.text)
                kept.append(view)
        found += kept
        level = [made for view in kept for made in _made(view)] if depth < DEPTH else []
    return found


def _hidden(view: View) -> Iterator[View]:
    for kind, parts in hidden(view.text).items():
        yield folded(extracted(view, parts, kind))


def _made(view: View) -> Iterator[View]:
    """What is written in other ways in a view, each folded."""
    text = view.text
    runs: dict[str, list[Part]] = {}
    for kind, part in chain(encoded(text), numerals(text)):
        runs.setdefault(kind, []).append(part)
    for kind, parts in runs.items():
        yield folded(extracted(view, sorted(parts), _kind(view, kind)))
    if rewrite := _inline(view):
        yield rewrite
    if parts := asked(text):
        yield assembled(view, parts, _kind(view, "asked"))
    for kind, parts in turned(text):
        yield folded(extracted(view, parts, _kind(view, kind)))


def _kind(view: View, kind: str) -> str:
    return kind if view.kind == "plain" else f"{view.kind}>{kind}"


def _inline(view: View) -> View | None:
    """The places that were rewritten, with what stands around them."""
    now = whole(view.text)
    kinds = []
    for kind, rewrite in INLINE:
        if edits := list(rewrite(now.text)):
            now = folded(rewritten(now, edits))
            kinds.append(kind)
    if not kinds:
        return None
    placed = View(_kind(view, "+".join(kinds)), now.text, view.offsets[now.offsets])
    around = _around(_changed(view.text, now), len(now.text))
    return extracted(placed, [Part(start, end, now.text[start:end]) for start, end in around], placed.kind)


def _changed(text: str, now: View) -> NDArray[np.int64]:
    """Which characters are not the text's own, in order."""
    old, new = _codes(text), _codes(now.text)
    kept = (np.diff(now.offsets) == 1) & (old[now.offsets[:-1]] == new)
    return np.flatnonzero(~kept)


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _around(changed: NDArray[np.int64], length: int) -> Iterator[tuple[int, int]]:
    """Ranges with the context of what changed; those that touch are one."""
    apart = np.flatnonzero(np.diff(changed) > 2 * CONTEXT)
    firsts = changed[np.append(0, apart + 1)]
    lasts = changed[np.append(apart, len(changed) - 1)]
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield max(0, first - CONTEXT), min(length, last + 1 + CONTEXT)
