"""Margins of texts by models that have not seen them."""

import sys
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.gate.bags import Bags
from evals.gate.fitting import Doubles, Knobs, Line, balanced, fit
from evals.gate.splits import Fold
from models.gate.ngrams.arrays import Bools, Floats

Start: TypeAlias = tuple[Floats, Line | None]
"""Rarity, and the weights that training starts from."""


def trained(
    bags: Bags,
    attacks: Bools,
    sources: NDArray[np.str_],
    used: Bools,
    knobs: Knobs,
    *,
    holding: Bools | None = None,
    prior: Start | None = None,
) -> tuple[Floats, Line]:
    """Rarity and weights learnt from the texts used, or the prior's rarity and its weights moved by them."""
    rarity = bags.rarity(used) if prior is None else prior[0]
    weights = balanced(attacks, sources, used)
    start = None if prior is None else prior[1]
    line = fit(bags, bags.matrix(rarity), attacks, weights, knobs, holding=holding, prior=start)
    return rarity, line


def margins(bags: Bags, rarity: Floats, line: Line) -> Doubles:
    """The worst window's margin of each text."""
    return bags.highest(bags.matrix(rarity) @ line.weights + line.bias).astype(np.float64)


def unseen(
    bags: Bags,
    attacks: Bools,
    sources: NDArray[np.str_],
    folds: Sequence[Fold],
    knobs: Knobs,
    *,
    holding: Bools | None = None,
    prior: Start | None = None,
) -> Doubles:
    """Each judged text's margin by its fold's model; NaN where no fold judges it."""
    found = np.full(bags.size, np.nan)
    for number, fold in enumerate(folds, 1):
        rarity, line = trained(bags, attacks, sources, fold.trained, knobs, holding=holding, prior=prior)
        found[fold.judged] = margins(bags, rarity, line)[fold.judged]
        sys.stderr.write(f"fold {number} of {len(folds)}: {fold.name}\n")
    return found
