"""The classifier `leak`: whether a text tells the instructions that a model was given.

It compares windows of words: how much of a window stands in runs of five and of three words that the
instructions hold, and how many of its content words do. Weights and threshold come from leaks that were
generated and answers that were written (`python -m benchmarks.prompt_leaks`). A canary is proof.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.gate.canaries import Markers, canary
from models.gate.classifier import Finding
from models.gate.views.reading import views
from models.gate.views.view import View
from models.language import english
from models.text import STOP_WORDS
from state.canonical import digest
from state.verdict import Place

TOKENS = 32
"""Words of a window."""
FEWEST = 16
"""A shorter text is compared as if it had so many: a turn of phrase is no leak."""
WEIGHTS = (-7.4, 6.4, 8.7, 4.0)
"""Of the logistic score: constant, share of five-word runs, of three-word runs, of content words."""
THRESHOLD = 0.5
REASON = "It tells the instructions that a model was given."

# A word, or a character of a script that writes no spaces.
WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")
WHO = dict.fromkeys(["i", "me", "my", "mine", "you", "your", "yours", "we", "us", "our"], "you")
"""Who repeats instructions often says `I` where they say `you`."""


class Words(NamedTuple):
    """The words of a text as they are compared, and where they stand."""

    stems: list[str]
    spans: list[tuple[int, int]]

    def content(self) -> NDArray[np.bool_]:
        """Which of them say something by themselves."""
        return np.array([stem not in STOP_WORDS and len(stem) > 1 for stem in self.stems], dtype=np.bool_)


class Shares(NamedTuple):
    """What of each window the instructions hold, 0 to 1, shape (windows,)."""

    fives: NDArray[np.float64]
    threes: NDArray[np.float64]
    content: NDArray[np.float64]

    def scores(self, weights: Sequence[float] = WEIGHTS) -> NDArray[np.float64]:
        """Calibrated probability of each window."""
        constant, *slopes = weights
        logits = constant + sum(slope * share for slope, share in zip(slopes, self, strict=True))
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return scores


class Instructions:
    """What of the instructions other texts are compared with."""

    def __init__(self, texts: Sequence[str]) -> None:
        told = [words(text) for text in texts]
        self._runs = {size: {run for one in told for run in _runs(one.stems, size)} for size in (5, 3)}
        self._content = {
            stem for one in told for stem, says in zip(one.stems, one.content(), strict=True) if says
        }

    def hits(self, told: Words) -> list[NDArray[np.bool_]]:
        """Which words stand in runs of five, in runs of three, and which content words are known."""
        known = np.array([stem in self._content for stem in told.stems], dtype=np.bool_)
        return [self._covered(told.stems, 5), self._covered(told.stems, 3), known & told.content()]

    def shares(self, told: Words) -> Shares:
        """For each window of a text, the first of which begins with its first word."""
        fives, threes, known = (_sums(hit) for hit in self.hits(told))
        length = min(TOKENS, len(told.stems))
        content = np.maximum(_sums(told.content()), FEWEST / 2)
        return Shares(fives / max(length, FEWEST), threes / max(length, FEWEST), known / content)

    def _covered(self, stems: Sequence[str], size: int) -> NDArray[np.bool_]:
        covered = np.zeros(len(stems), dtype=np.bool_)
        for start, run in enumerate(_runs(stems, size)):
            if run in self._runs[size]:
                covered[start : start + size] = True
        return covered


def words(text: str) -> Words:
    """The words of a text, stemmed; who speaks to whom does not count."""
    found = list(WORD.finditer(text.casefold() if len(text.casefold()) == len(text) else text.lower()))
    stems = [WHO.get(match[0]) or english(match[0]) for match in found]
    return Words(stems, [match.span() for match in found])


def _runs(stems: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(stems[start:] for start in range(size)), strict=False)


def _sums(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many are hit in each window."""
    sums = np.concatenate(([0.0], np.cumsum(hit)))
    length = min(TOKENS, len(hit))
    return sums[length:] - sums[: len(sums) - length]


class Leak:
    """Compares what leaves with the instructions of this application."""

    name = "leak"
    categories = frozenset({"prompt_leak"})
    window = 320

    def __init__(self, instructions: Mapping[str, str]) -> None:
        texts = list(instructions.values())
        self._instructions = Instructions(texts)
        self._canaries = Markers(map(canary, texts))
        self.digest = digest({"weights": list(WEIGHTS), "threshold": THRESHOLD, "instructions": texts})

    def classify(self, text: str, place: Place) -> Sequence[Finding]:  # noqa: ARG002  the same everywhere
        """One finding with the probability of the most telling window, and where windows tell too much."""
        readings = views(text)
        if spans := self._canaries.spans(readings):
            return [Finding("prompt_leak", 1.0, REASON, tuple(spans), threshold=THRESHOLD)]
        found = [self._judged(view) for view in readings]
        spans = list(_merged(sorted(span for _, told in found for span in told)))
        score = max((score for score, _ in found), default=0.0)
        return [Finding("prompt_leak", score, REASON, tuple(spans), threshold=THRESHOLD)]

    def _judged(self, view: View) -> tuple[float, list[tuple[int, int]]]:
        """The best window's probability, and the parts of the text that windows above the threshold share."""
        told = words(view.text)
        if not told.stems:
            return 0.0, []
        scores = self._instructions.shares(told).scores()
        # No window tells too much by its words alone.
        runs = self._instructions.hits(told)[1]
        spans = []
        for start, end in _together(np.flatnonzero(scores >= THRESHOLD)):
            inside = start + np.flatnonzero(runs[start : end + TOKENS])
            spans.append(view.span(told.spans[inside[0]][0], told.spans[inside[-1]][1]))
        return float(scores.max()), spans


def _together(starts: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First and last of windows that follow each other or overlap."""
    apart = np.flatnonzero(np.diff(starts) > TOKENS)
    firsts = starts[np.concatenate(([0], apart + 1))] if len(starts) else starts
    lasts = starts[np.concatenate((apart, [len(starts) - 1]))] if len(starts) else starts
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that do not overlap: several readings see the same place."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last:
            yield last
        last = start, end
    if last:
        yield last
