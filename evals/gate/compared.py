"""A new classifier beside the one before it, on the same texts, neither of which it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from evals.gate.fitting import Doubles
from evals.gate.metrics import auc
from evals.gate.rows import Row
from models.gate.ngrams.arrays import Bools


class Scored(NamedTuple):
    """The probabilities of the texts, NaN where one was not judged, and from which on it counts."""

    scores: Doubles
    threshold: float


@dataclass(frozen=True)
class Paired:
    """How many of the same texts each of two classifiers takes for attacks."""

    texts: int
    before: int
    after: int
    gained: int
    """Taken for attacks by the new one alone."""
    lost: int
    """By the old one alone."""
    p: float | None
    """Exact test of McNemar (1947): how likely such a difference is if there is none."""


@dataclass(frozen=True)
class Compared:
    """Both at their own thresholds."""

    category: str
    recall: Paired
    false_alarms: Paired
    auc_before: float | None
    auc_after: float | None


def compared(category: str, rows: Sequence[Row], old: Scored, new: Scored) -> Compared:
    """Compare the scores of the rows; attacks of other categories do not count."""
    judged = ~np.isnan(new.scores)
    bad = np.array([row.label == 1 and row.category == category for row in rows], dtype=bool) & judged
    good = np.array([row.label == 0 for row in rows], dtype=bool) & judged
    before, after = old.scores >= old.threshold, new.scores >= new.threshold
    ranked = bool(bad.any() and good.any())
    return Compared(
        category=category,
        recall=_paired(before[bad], after[bad]),
        false_alarms=_paired(before[good], after[good]),
        auc_before=auc(old.scores[bad], old.scores[good]) if ranked else None,
        auc_after=auc(new.scores[bad], new.scores[good]) if ranked else None,
    )


def rendered(found: Sequence[Compared]) -> str:
    """The comparison for people, in Markdown."""
    lines = [
        "| | | before | after | only after | only before | p |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        for name, paired in (("recall", one.recall), ("false alarms", one.false_alarms)):
            p = "–" if paired.p is None else f"{paired.p:.3f}"
            lines.append(
                f"| {one.category} | {name} of {paired.texts} | {_share(paired.before, paired.texts)} "
                f"| {_share(paired.after, paired.texts)} | {paired.gained} | {paired.lost} | {p} |"
            )
        if one.auc_before is not None and one.auc_after is not None:
            lines.append(f"| {one.category} | AUC | {one.auc_before:.3f} | {one.auc_after:.3f} | | | |")
    return "\n".join(lines) + "\n"


def _paired(before: Bools, after: Bools) -> Paired:
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return Paired(
        texts=len(before),
        before=int(before.sum()),
        after=int(after.sum()),
        gained=gained,
        lost=lost,
        p=float(binomtest(gained, gained + lost).pvalue) if gained + lost else None,
    )


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"
