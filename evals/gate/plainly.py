"""Scores of texts as they stand: what a trained classifier would say if it read no views."""

from collections.abc import Sequence

import numpy as np

from evals.gate.adversarial import Score, Slip, slipping
from evals.gate.given import ATTACK
from evals.gate.rows import Row
from models.gate.artefact import Artefact
from models.gate.ngrams.features import counted
from models.gate.ngrams.model import NgramModel, Windows
from models.gate.ngrams.stored import model
from models.gate.windows import windows

MOST = 150
"""Attacks that are transformed in every way, and as many benign texts."""


def plainly(trained: NgramModel, category: str) -> Score:
    """One head's probability of a text's worst window, characters as they are."""
    alone = NgramModel(trained.shape, trained.rarity, {category: trained.heads[category]})
    calibration = trained.heads[category].calibration

    def score(text: str) -> float:
        ranges = windows(len(text), alone.shape.window, alone.shape.window // 2)
        counts = counted(text, ranges, alone.shape)
        margins = alone.margins(Windows(counts, np.array(ranges, dtype=np.int64).reshape(-1, 2)))
        return calibration.probability(float(margins.max()))

    return score


def slips(artefact: Artefact, rows: Sequence[Row]) -> list[Slip]:
    """Which transformations of the rows slip through, before and after normalising.

    Raises:
        UsageError: there are no attacks or no benign texts for it.
    """
    surface = artefact.card.surface
    category = ATTACK[surface]
    if category not in artefact.card.heads:
        category = next(iter(artefact.card.heads))
    inside = [row for row in rows if row.surface == surface]
    attacks = [row.text for row in inside if row.label and row.category == category][:MOST]
    benign = [row.text for row in inside if not row.label][:MOST]
    return slipping(
        plainly(model(artefact), category), artefact.card.heads[category].threshold, attacks, benign
    )


def rendered(found: Sequence[Slip]) -> str:
    """The report for people, in Markdown."""
    lines = [
        "| transformation | recall as it stands | normalised | false alarms as it stands | normalised |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.transformation} | {one.recall_raw:.1%} | {_share(one.recall_read)} "
        f"| {one.false_alarms_raw:.1%} | {_share(one.false_alarms_read)} |"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
