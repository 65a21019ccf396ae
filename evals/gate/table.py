"""All candidates side by side: within the sources, on sources left out, at what cost."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evals.gate.candidates import ENCODED, Candidate, Fitted, Given
from evals.gate.fitting import Doubles, calibrated
from evals.gate.heads import attacks
from evals.gate.metrics import auc, calibration_error, recall_at, share, threshold_at
from evals.gate.rows import Row
from evals.gate.splits import Fold, family
from models.gate.ngrams.arrays import Bools

WORDS = (20, 200, 2000)
HARD = {
    "input": (
        "ours-trigger-benign",
        "CyberSecEval-FRR",
        "written-benign-trigger",
        "written-benign-security",
        "written-benign-roleplay",
    ),
    "tool": (
        "ours-emails",
        "garak",
        "written-carriers-email",
        "written-carriers-docs",
        "written-carriers-chat",
    ),
}
"""Benign sources that are written to look like attacks, or speak of them."""


@dataclass(frozen=True)
class Ranked:
    """How well a candidate tells attacks from benign texts."""

    auc: float
    recall_1: float
    """At 1 % false alarms."""
    recall_01: float
    """At 0.1 % false alarms."""


UNKNOWN = Ranked(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Line:
    """One candidate for one head."""

    head: str
    candidate: str
    within: Ranked
    left_out: Ranked
    hard: float
    """False alarms on hard benign texts, left out, at the threshold of 1 % over all benign texts."""
    calibration: float
    """Expected calibration error on sources left out."""
    milliseconds: dict[str, tuple[float, float]]
    """Median and 95th percentile for a text, by its number of words."""
    bytes: int
    front: bool = False
    """No other candidate is better in recall left out, time or size and as good in the others."""


@dataclass(frozen=True)
class Ground:
    """What all candidates for a head are trained and judged on."""

    given: Given
    within: Fold
    folds: Sequence[Fold]
    timed: int
    """Texts of each length that are timed."""


def line(on: Ground, name: str) -> Line:
    """Train and measure one candidate."""
    head, within, rows = on.given.recipe.head, on.within, [one.row for one in on.given.examples]
    bad = attacks(rows)
    tried = on.given.candidate(name)
    inside = tried.fitted(within.trained)
    crossed = _crossed(tried, on.folds, len(rows))
    judged = ~np.isnan(crossed)
    hard = judged & ~bad & np.isin([family(row.source) for row in rows], HARD[head.surface])
    threshold = threshold_at(crossed[judged & ~bad], 0.01)
    curve = calibrated(crossed[judged], bad[judged], np.ones(judged.sum()))
    probabilities = np.array([curve.probability(float(margin)) for margin in crossed[judged]])
    return Line(
        head=head.category,
        candidate=name,
        within=UNKNOWN if name in ENCODED else _ranked(inside.margins, within.judged, bad),
        left_out=_ranked(crossed, judged, bad),
        hard=share(crossed[hard], threshold),
        calibration=calibration_error(probabilities, bad[judged]),
        milliseconds={str(words): _timed(inside, _texts(rows, words, on.timed)) for words in WORDS},
        bytes=inside.size,
    )


def with_front(lines: Sequence[Line]) -> list[Line]:
    """The lines, those that no other of their head dominates marked."""
    return [_marked(one, [other for other in lines if other.head == one.head]) for one in lines]


def rendered(lines: Sequence[Line]) -> str:
    """The table in Markdown."""
    head = (
        "| head | candidate | AUC within | at 1 % | at 0.1 % | AUC left out | at 1 % | at 0.1 % "
        "| hard benign | ECE | " + " | ".join(f"ms, {words} words" for words in WORDS) + " | MB | front |"
    )
    rows = [head, "|---" * (head.count("|") - 1) + "|", *map(as_row, lines)]
    return "\n".join(rows) + "\n"


def as_row(one: Line) -> str:
    """A line of the table in Markdown."""
    ranked = [one.within, one.left_out]
    cells = [
        one.head,
        one.candidate,
        *(_shown(value) for part in ranked for value in (part.auc, part.recall_1, part.recall_01)),
        _shown(one.hard),
        f"{one.calibration:.3f}",
        *("{:.2f} / {:.2f}".format(*pair) for pair in one.milliseconds.values()),
        f"{one.bytes / 1e6:.2f}",
        "yes" if one.front else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _shown(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as JSON values; null where nothing was measured."""
    return [_finite(asdict(one)) for one in lines]


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    found = dict[str, Any]()
    for name, value in values.items():
        if isinstance(value, dict):
            found[name] = _finite(value)
        else:
            found[name] = None if isinstance(value, float) and math.isnan(value) else value
    return found


def _crossed(tried: Candidate, folds: Sequence[Fold], size: int) -> Doubles:
    found = np.full(size, np.nan)
    for number, fold in enumerate(folds, 1):
        found[fold.judged] = tried.fitted(fold.trained).margins[fold.judged]
        sys.stderr.write(f"{tried.name}: fold {number} of {len(folds)}, {fold.name}\n")
    return found


def _ranked(margins: Doubles, judged: Bools, bad: Bools) -> Ranked:
    attack, benign = margins[judged & bad], margins[judged & ~bad]
    return Ranked(auc(attack, benign), recall_at(attack, benign, 0.01), recall_at(attack, benign, 0.001))


def _texts(rows: Sequence[Row], words: int, number: int) -> list[str]:
    """Benign texts, put together and cut to a number of words."""
    random = np.random.default_rng(5)
    benign = [row.text for row in rows if row.label == 0 and row.lang == "en"]
    found = []
    for _ in range(number):
        text = ""
        while text.count(" ") < words:
            text += benign[random.integers(len(benign))] + " "
        found.append(" ".join(text.split(" ")[:words]))
    return found


def _timed(fitted: Fitted, texts: Sequence[str]) -> tuple[float, float]:
    fitted.score(texts[0])
    spent = sorted(_milliseconds(fitted.score, text) for text in texts)
    return spent[len(spent) // 2], spent[int(0.95 * len(spent))]


def _milliseconds(score: Callable[[str], float], text: str) -> float:
    started = time.perf_counter()
    score(text)
    return 1e3 * (time.perf_counter() - started)


def _marked(one: Line, others: Sequence[Line]) -> Line:
    dominated = any(
        all(theirs <= ours for theirs, ours in zip(_costs(other), _costs(one), strict=True))
        and _costs(other) != _costs(one)
        for other in others
    )
    return Line(**{**one.__dict__, "front": not dominated})


def _costs(one: Line) -> tuple[float, float, float]:
    """What is to be small."""
    return -one.left_out.recall_1, one.milliseconds[str(WORDS[1])][0], one.bytes
