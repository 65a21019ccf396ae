"""A team's own classifier: the shipped weights moved by its rows, and a promise about its own benign texts.

Near-duplicates stay together. Of the team's benign texts at least as many are held back as the promise takes,
and nothing like them is trained on. The folds judge every text by a model that has not seen it, and there the
new classifier is compared with the one that it started from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from evals.gate.card import card
from evals.gate.cascade import Second, staged, with_cascade, worst
from evals.gate.compared import Compared, Scored, compared
from evals.gate.examples import Example, examples
from evals.gate.fitting import Doubles
from evals.gate.heads import attacks
from evals.gate.hosts import as_in_the_wild
from evals.gate.judged import PLACES
from evals.gate.rows import Row, written
from evals.gate.splits import groups, groups_left_out, without_near
from evals.gate.training import RECIPES, Recipe, Trained, Trainer, prepared
from models.gate.artefact import Array, Artefact
from models.gate.card import Card, CascadeCard
from models.gate.ngrams.arrays import Bools, Ints
from models.gate.ngrams.features import Shape
from models.gate.ngrams.model import NgramModel
from models.gate.ngrams.stored import arrays, model
from models.gate.promise import needed
from models.gate.trained import Trained as Classifier
from models.gate.trained import loaded
from state.errors import UsageError

FOLDS = 3
ARTEFACT = {"input": "request", "tool": "result"}
SPLITS = (
    "Near-duplicates (MinHash, Jaccard 0.7) stay together. Figures are of texts by models that had not seen "
    "them, in {folds} folds; the weights that training starts from may have seen the written ones. The "
    "threshold is made from {held} benign texts of the team's own that were held back; nothing like them was "
    "trained on."
)


@dataclass(frozen=True)
class Wanted:
    """What a team asks for."""

    surface: str
    false_alarms: float = 0.01
    confidence: float = 0.95
    folds: int = FOLDS


@dataclass(frozen=True)
class Own:
    """A trained classifier, ready to be written."""

    card: Card
    arrays: dict[str, Array]
    files: dict[str, bytes]
    """What the folder holds besides."""
    compared: tuple[Compared, ...]
    """With the one it started from, on the team's own rows; nothing if it started from none."""
    dropped: int
    """Rows that were too much like one that was held back."""


def own(
    rows: Sequence[Row], wanted: Wanted, prior: Artefact | None, others: Sequence[Row] | None = None
) -> Own:
    """Train on a team's rows and on `others`, by default what was written for Warrant.

    Raises:
        UsageError: too few benign texts for the promise, or no attacks at all.
    """
    given = [row for row in rows if row.surface == wanted.surface]
    found = _examples(given, wanted.surface, written() if others is None else others)
    grouped = groups([one.row.text for one in found])
    mine = np.arange(len(found)) < len(given)
    held = held_back(attacks([one.row for one in found]), mine, grouped, wanted)
    kept = held | without_near(np.ones(len(found), dtype=bool), held, grouped)
    used = [one for one, keep in zip(found, kept, strict=True) if keep]
    if not any(one.row.label for one in used):
        raise UsageError("There are no attacks to train on.", "Add rows with the label 1.")
    recipe, start = _recipe(wanted, prior, used)
    data = prepared(used, recipe.shape)
    folds = groups_left_out(grouped[kept], wanted.folds)
    trained, heads = Trainer(recipe, data, held[kept], folds, start).model()
    learnt = [one.row for one, back in zip(used, held[kept], strict=True) if not back]
    behind = _behind(prior, [one.row.text for one in used], mine[kept], heads)
    if behind is not None:
        second = Second(behind.odds, behind.odds[held[kept]])
        _, heads[behind.card.category] = staged(
            recipe, data.attacks, heads[behind.card.category], second, behind.card
        )
    made = card(recipe, data, learnt, heads, datetime.now(UTC).date().isoformat())
    if behind is not None:
        made = with_cascade(made, behind.card)
    said = SPLITS.format(folds=wanted.folds, held=int(held.sum()))
    return Own(
        card=made.model_copy(update={"splits": said, "version": _version(prior)}),
        arrays=arrays(trained),
        files={} if behind is None else behind.files,
        compared=_compared(used, mine[kept], heads, prior),
        dropped=int((~kept).sum()),
    )


class Behind(NamedTuple):
    """The encoder that stands behind the n-grams, as in the classifier that training starts from."""

    card: CascadeCard
    odds: Doubles
    """Of all examples, as log-odds; NaN for those that the encoder may have been trained on."""
    files: dict[str, bytes]


def _behind(
    prior: Artefact | None, texts: Sequence[str], mine: Bools, heads: Mapping[str, Trained]
) -> Behind | None:
    cascade = None if prior is None else prior.card.cascade
    if prior is None or cascade is None or cascade.category not in heads:
        return None
    odds = np.full(len(texts), np.nan)
    own = [text for text, ours in zip(texts, mine, strict=True) if ours]
    odds[mine] = worst(loaded(prior, cascade.file), own, prior.card.surface)
    return Behind(cascade, odds, {cascade.file: prior.contents[cascade.file]})


def held_back(bad: Bools, mine: Bools, grouped: Ints, wanted: Wanted) -> Bools:
    """The team's benign texts that the promise is made from: half of them, but no fewer than it takes.

    Near-duplicates are held back together; those of an attack only if there are not enough others.

    Raises:
        UsageError: there are too few.
    """
    benign = mine & ~bad
    count, least = int(benign.sum()), needed(wanted.false_alarms, wanted.confidence)
    if count < least:
        raise UsageError(
            f"A promise of at most {wanted.false_alarms:.1%} false alarms at {wanted.confidence:.0%} "
            f"confidence takes {least} different benign texts; there are {count}, {least - count} are "
            "missing.",
            f"Add {least - count} benign texts, take those of recorded runs with --from-traces, or promise "
            "less: --false-alarms 0.05 takes 59.",
        )
    names = np.random.default_rng(17).permutation(np.unique(grouped[benign]))
    alike = np.isin(names, grouped[bad])
    ordered = np.concatenate([names[~alike], names[alike]])
    sizes = np.array([(benign & (grouped == name)).sum() for name in ordered])
    enough = int(np.searchsorted(np.cumsum(sizes), max(least, count // 2))) + 1
    held: Bools = benign & np.isin(grouped, ordered[:enough])
    return held


def _examples(given: Sequence[Row], surface: str, others: Sequence[Row]) -> list[Example]:
    """The team's rows first; a text that is among them is not taken from elsewhere."""
    texts = {row.text for row in given}
    sought = {one.head.category for one in RECIPES[ARTEFACT[surface]].heads}
    rest = [row for row in map(as_in_the_wild, others) if not row.label or row.category in sought]
    more = [one for one in examples(surface, rest, rest) if one.row.text not in texts]
    mapped = [_sought(row, sought) for row in given]
    return [*(Example(row) for row in mapped), *more]


def _sought(row: Row, sought: set[str]) -> Row:
    """An attack of a kind that no head looks for is one of the surface's main kind."""
    if not row.label or row.category in sought:
        return row
    return replace(row, category=min(sought, key=lambda category: not category.endswith("injection")))


def _recipe(
    wanted: Wanted, prior: Artefact | None, used: Sequence[Example]
) -> tuple[Recipe, NgramModel | None]:
    """The shipped recipe with the promise wanted; without a prior only heads for which there are attacks."""
    whole = RECIPES[ARTEFACT[wanted.surface]]
    known = {one.row.category for one in used if one.row.label}
    heads = tuple(one for one in whole.heads if one.head.category in known)
    shape = whole.shape if prior is None else Shape(**prior.card.features.model_dump())
    recipe = replace(
        whole, heads=heads, shape=shape, false_alarms=wanted.false_alarms, confidence=wanted.confidence
    )
    return recipe, None if prior is None else model(prior)


def _version(prior: Artefact | None) -> int:
    return 1 if prior is None else prior.card.version + 1


def _compared(
    used: Sequence[Example],
    mine: Bools,
    heads: dict[str, Trained],
    prior: Artefact | None,
) -> tuple[Compared, ...]:
    if prior is None:
        return ()
    before = Classifier(prior.folder)
    rows = [one.row for one, own in zip(used, mine, strict=True) if own]
    said = [before.classify(row.text, PLACES[row.surface]) for row in rows]
    scores = [{finding.category: finding.score for finding in each} for each in said]
    return tuple(
        compared(
            category,
            rows,
            Scored(np.array([one[category] for one in scores]), prior.card.heads[category].threshold),
            Scored(head.unseen[mine], head.card.threshold),
        )
        for category, head in heads.items()
        if category in before.categories
    )
