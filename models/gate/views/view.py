"""A text as a model would read it, and where in the original each of its characters stands."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int32]


class View(NamedTuple):
    """One reading of a text."""

    kind: str
    """`plain`, or how it was written: `base64`, `rot13`, `spaced` …; `base64>hex` was written twice."""
    text: str
    offsets: Offsets
    """`len(text) + 1` places of the original: character i stands between offsets[i] and offsets[i + 1]."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` of this view stand in the original text."""
        inside = self.offsets[start : end + 1]
        first, last = int(inside.min()), int(inside.max())
        if first < last or start == end:
            return first, last
        # Within a character that was folded to several.
        return (first, first + 1) if first < self.offsets.max() else (max(0, first - 1), first)


class Part(NamedTuple):
    """Characters `start` to `end` of a view, read as `text`."""

    start: int
    end: int
    text: str
    backwards: bool = False
    """The text runs from `end` to `start`."""


def whole(text: str, kind: str = "plain") -> View:
    """The text as it stands."""
    return View(kind, text, np.arange(len(text) + 1, dtype=np.int32))


def assembled(view: View, parts: Sequence[Part], kind: str) -> View:
    """The parts one after the other; the characters of a part share its place evenly."""
    if not parts:
        return View(kind, "", view.offsets[:1])
    text = "".join(part.text for part in parts)
    lengths = np.fromiter((len(part.text) for part in parts), np.int64, len(parts))
    starts = np.fromiter((part.start for part in parts), np.int64, len(parts))
    ends = np.fromiter((part.end for part in parts), np.int64, len(parts))
    backwards = np.fromiter((part.backwards for part in parts), np.bool_, len(parts))
    steps = np.where(backwards, starts - ends, ends - starts)
    inside = np.arange(len(text)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    moved = inside * np.repeat(np.abs(steps), lengths) // np.repeat(np.maximum(lengths, 1), lengths)
    places = np.repeat(np.where(backwards, ends, starts), lengths) + moved * np.repeat(
        np.sign(steps), lengths
    )
    last = parts[-1].start if parts[-1].backwards else parts[-1].end
    return View(kind, text, view.offsets[np.append(places, last)])


def rewritten(view: View, edits: Iterable[Part]) -> View:
    """The whole view with these parts, which are in order and do not overlap, read as they say."""
    return assembled(view, list(_filled(view.text, edits)), view.kind)


def extracted(view: View, parts: Sequence[Part], kind: str) -> View:
    """These parts alone, each on a line of its own."""
    return assembled(view, list(chain.from_iterable(map(_line, parts)))[:-1], kind)


def _line(part: Part) -> tuple[Part, Part]:
    place = part.start if part.backwards else part.end
    return part, Part(place, place, "\n")


def _filled(text: str, edits: Iterable[Part]) -> Iterator[Part]:
    reached = 0
    for edit in edits:
        if edit.start > reached:
            yield Part(reached, edit.start, text[reached : edit.start])
        yield edit
        reached = edit.end
    if reached < len(text) or not reached:
        yield Part(reached, len(text), text[reached:])
