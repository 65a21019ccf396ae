"""Training of a classifier, from rows to heads and their promises: the shipped ones, and a team's own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.gate.bags import Bags, bagged
from evals.gate.crossing import Start, margins, trained, unseen
from evals.gate.examples import Example
from evals.gate.fitting import Doubles, Knobs, Line, calibrated
from evals.gate.heads import ARTEFACTS, attacks
from evals.gate.heads import Head as Sought
from evals.gate.splits import Fold, weighed_as
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
    """Promised at this confidence, by the texts held back."""
    confidence: float = 0.95
    left_out: float = 0.01
    """On sources left out, as far as there are enough of their texts; without confidence."""

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
FALSE_ALARMS = {"request": 0.01, "result": 0.03}
"""What the texts held back are enough for without a threshold that hardly anything reaches."""
RECIPES = {
    name: Recipe(
        name,
        tuple(HeadRecipe(head, ACTIONS[head.category]) for head in heads),
        false_alarms=FALSE_ALARMS[name],
    )
    for name, heads in ARTEFACTS.items()
}


@dataclass(frozen=True)
class Prepared:
    """Examples of one surface with their counted windows."""

    examples: Sequence[Example]
    bags: Bags
    sources: NDArray[np.str_]
    attacks: Bools
    holding: Bools
    """Which windows may hold an attack."""


@dataclass(frozen=True)
class Trained:
    """One head, what it promises, and its margins for texts it had not seen."""

    category: str
    head: Head
    card: HeadCard
    judged: Bools
    """Texts that a fold judged."""
    unseen: Doubles
    """Probabilities of the judged texts; NaN elsewhere."""
    held: Doubles
    """Probabilities of the benign texts that the promise is made from."""


def prepared(examples: Sequence[Example], shape: Shape) -> Prepared:
    """Count the examples' windows."""
    bags = bagged([one.row.text for one in examples], shape)
    return Prepared(
        examples=examples,
        bags=bags,
        sources=np.array([weighed_as(one) for one in examples]),
        attacks=attacks([one.row for one in examples]),
        holding=bags.holding([one.span for one in examples]),
    )


@dataclass(frozen=True)
class Trainer:
    """Trains the heads of an artefact on the same examples.

    The benign examples `held` back are not trained on: the threshold's promise is made from them. Margins
    become probabilities by the folds, whose models had not seen the texts they judged. With a `prior`, its
    weights are moved by the examples instead of being learnt anew.
    """

    recipe: Recipe
    data: Prepared
    held: Bools
    folds: Sequence[Fold]
    prior: NgramModel | None = None

    def model(self) -> tuple[NgramModel, dict[str, Trained]]:
        """Train all heads.

        Raises:
            UsageError: a head has no attacks or no benign texts, or too few are held back for the promise.
        """
        rarity = self.prior.rarity if self.prior else _half(self.data.bags.rarity(~self.held))
        found = {}
        for one in self.recipe.heads:
            sys.stderr.write(f"{self.recipe.name}: {one.head.category}\n")
            found[one.head.category] = self._head(one, rarity)
        heads = {category: each.head for category, each in found.items()}
        return NgramModel(self.recipe.shape, rarity, heads), found

    def _head(self, one: HeadRecipe, rarity: Floats) -> Trained:
        said = self._said(one.head.category)
        start = _start(self.prior, one.head.category, rarity)
        crossed = self._unseen(said, one.knobs, start)
        judged = ~np.isnan(crossed)
        calibration = calibrated(crossed[judged], self.data.attacks[judged], np.ones(judged.sum()))
        line = self._line(said, one.knobs, start or (rarity, None))
        probabilities = _probabilities(calibration, crossed)
        back = self.held & said
        own = _probabilities(calibration, margins(self.data.bags, rarity, line)[back])
        return Trained(
            category=one.head.category,
            head=Head(line.weights, line.bias, calibration),
            card=HeadCard(
                threshold=raised(own, probabilities[judged & ~self.data.attacks], self.recipe),
                action=one.action,
                calibration=CalibrationCard(slope=calibration.slope, offset=calibration.offset),
                promise=Promise(
                    false_alarms=self.recipe.false_alarms,
                    confidence=self.recipe.confidence,
                    benign=int(back.sum()),
                ),
            ),
            judged=judged,
            unseen=probabilities,
            held=own,
        )

    def _said(self, category: str) -> Bools:
        """The examples that say what the category is and what it is not."""
        data = self.data
        said: Bools = ~data.attacks | np.array(
            [example.row.category == category for example in data.examples]
        )
        for label, kind in ((True, f"attacks of the category {category}"), (False, "benign texts")):
            if not (said & (data.attacks == label)).any():
                raise UsageError(f"There are no {kind} to train on.", "Add rows of both kinds.")
        return said

    def _unseen(self, said: Bools, knobs: Knobs, start: Start | None) -> Doubles:
        data = self.data
        folds = [Fold(fold.name, fold.trained & said, fold.judged & said) for fold in self.folds]
        return unseen(data.bags, data.attacks, data.sources, folds, knobs, holding=data.holding, prior=start)

    def _line(self, said: Bools, knobs: Knobs, start: Start) -> Line:
        data, used = self.data, said & ~self.held
        _, line = trained(
            data.bags, data.attacks, data.sources, used, knobs, holding=data.holding, prior=start
        )
        return Line(_half(line.weights), line.bias)


def raised(held: Doubles, crossed: Doubles, recipe: Recipe) -> float:
    """Where the promise holds on texts like those held back, and the rate on sources never seen as well."""
    promised = threshold(held, recipe.false_alarms, recipe.confidence)
    if len(crossed) < needed(recipe.left_out, recipe.confidence):
        return promised
    return max(promised, threshold(crossed, recipe.left_out, 0.5))


def _start(prior: NgramModel | None, category: str, rarity: Floats) -> Start | None:
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
