"""Training of a classifier, from rows to heads and their promises: the shipped ones, and a team's own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.gate.bags import Bags, bagged
from evals.gate.crossing import margins, trained, unseen
from evals.gate.fitting import Doubles, Knobs, Line, calibrated
from evals.gate.heads import ARTEFACTS, attacks
from evals.gate.heads import Head as Sought
from evals.gate.rows import Row
from evals.gate.splits import Fold, family
from models.gate.card import CalibrationCard, HeadCard, Promise
from models.gate.ngrams.arrays import Bools, Floats
from models.gate.ngrams.features import Shape
from models.gate.ngrams.model import Calibration, Head, NgramModel
from models.gate.promise import needed, threshold
from state.errors import UsageError
from state.verdict import Action


class HeadRecipe(NamedTuple):
    """How one head is trained and what it is for."""

    head: Sought
    action: Action
    knobs: Knobs = Knobs()


@dataclass(frozen=True)
class Recipe:
    """How an artefact is trained."""

    name: str
    heads: tuple[HeadRecipe, ...]
    shape: Shape = field(default_factory=Shape)
    false_alarms: float = 0.01
    confidence: float = 0.95

    @property
    def surface(self) -> str:
        """Which rows it is trained on."""
        return self.heads[0].head.surface


ACTIONS: dict[str, Action] = {
    "direct_injection": "refuse",
    # Role play that breaks rules and role play that does not look alike.
    "jailbreak": "flag",
    "indirect_injection": "quarantine",
}
RECIPES = {
    name: Recipe(name, tuple(HeadRecipe(head, ACTIONS[head.category]) for head in heads))
    for name, heads in ARTEFACTS.items()
}


@dataclass(frozen=True)
class Prepared:
    """Rows of one surface with their counted windows and near-duplicate groups."""

    rows: Sequence[Row]
    bags: Bags
    sources: NDArray[np.str_]
    attacks: Bools


@dataclass(frozen=True)
class Trained:
    """One head, what it promises, and its margins for texts it had not seen."""

    head: Head
    card: HeadCard
    judged: Bools
    """Texts that a fold judged."""
    unseen: Doubles
    """Probabilities of the judged texts; NaN elsewhere."""


def prepared(rows: Sequence[Row], shape: Shape) -> Prepared:
    """Count the rows' windows."""
    bags = bagged([row.text for row in rows], shape)
    return Prepared(rows, bags, np.array([family(row.source) for row in rows]), attacks(rows))


def model(
    recipe: Recipe,
    data: Prepared,
    held: Bools,
    folds: Sequence[Fold],
    prior: NgramModel | None = None,
) -> tuple[NgramModel, dict[str, Trained]]:
    """Train all heads.

    The benign rows `held` back are not trained on: the threshold's promise is made from them. Margins become
    probabilities by the folds, whose models had not seen the texts they judged.

    Raises:
        UsageError: a head has no attacks or no benign texts, or too few are held back for the promise.
    """
    found = {}
    rarity = prior.rarity if prior else _half(data.bags.rarity(~held))
    for one in recipe.heads:
        sys.stderr.write(f"{recipe.name}: {one.head.category}\n")
        found[one.head.category] = _head(recipe, one, data, held, folds, rarity, prior)
    heads = {category: each.head for category, each in found.items()}
    return NgramModel(recipe.shape, rarity, heads), found


def _head(
    recipe: Recipe,
    one: HeadRecipe,
    data: Prepared,
    held: Bools,
    folds: Sequence[Fold],
    rarity: Floats,
    prior: NgramModel | None,
) -> Trained:
    category = one.head.category
    said = ~data.attacks | np.array([row.category == category for row in data.rows])
    _present(data, said, category)
    start = _start(prior, category, rarity)
    narrowed = [Fold(fold.name, fold.trained & said, fold.judged & said) for fold in folds]
    crossed = unseen(data.bags, data.attacks, data.sources, narrowed, one.knobs, prior=start)
    judged = ~np.isnan(crossed)
    calibration = calibrated(crossed[judged], data.attacks[judged], np.ones(judged.sum()))
    _, line = trained(
        data.bags, data.attacks, data.sources, said & ~held, one.knobs, prior=start or (rarity, None)
    )
    line = Line(_half(line.weights), line.bias)
    probabilities = _probabilities(calibration, crossed)
    own = _probabilities(calibration, margins(data.bags, rarity, line))[held & said]
    benign = probabilities[judged & ~data.attacks]
    chosen = _threshold(own, benign, recipe)
    promise = Promise(
        false_alarms=recipe.false_alarms, confidence=recipe.confidence, benign=int((held & said).sum())
    )
    card = HeadCard(
        threshold=chosen,
        action=one.action,
        calibration=CalibrationCard(slope=calibration.slope, offset=calibration.offset),
        promise=promise,
    )
    return Trained(Head(line.weights, line.bias, calibration), card, judged, probabilities)


def _threshold(held: Doubles, crossed: Doubles, recipe: Recipe) -> float:
    """Where the promise holds on texts like those held back, and the rate on sources never seen as well."""
    promised = threshold(held, recipe.false_alarms, recipe.confidence)
    if len(crossed) < needed(recipe.false_alarms, recipe.confidence):
        return promised
    return max(promised, threshold(crossed, recipe.false_alarms, 0.5))


def _present(data: Prepared, said: Bools, category: str) -> None:
    for label, kind in ((True, f"attacks of the category {category}"), (False, "benign texts")):
        if not (said & (data.attacks == label)).any():
            raise UsageError(f"There are no {kind} to train on.", "Add rows of both kinds.")


def _start(prior: NgramModel | None, category: str, rarity: Floats) -> tuple[Floats, Line | None] | None:
    if prior is None or category not in prior.heads:
        return None
    head = prior.heads[category]
    return rarity, Line(head.weights, head.bias)


def _probabilities(calibration: Calibration, found: Doubles) -> Doubles:
    return np.array(
        [np.nan if np.isnan(margin) else calibration.probability(float(margin)) for margin in found]
    )


def _half(values: Floats) -> Floats:
    """As it will be stored."""
    return values.astype(np.float16).astype(np.float32)
