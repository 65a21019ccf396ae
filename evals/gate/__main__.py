"""Measures every candidate for the gate: one table.

    python -m evals.gate --data DIR [--encoder SCORES] [--json] [--quick] [--head HEAD] [--candidate NAME]

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. Within: trained on `train`
and what was written, judged on `dev`. Left out: each public source is judged by a model that has seen neither
it nor what is made of it; what was written is left out in thirds. The encoder stands in the table with the
SCORES that `evals.gate.encoder_training` kept, which are of texts that were left out likewise.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evals.gate import table
from evals.gate.candidates import ENCODED, NAMES, QUICK, Given
from evals.gate.cascade import unseen
from evals.gate.heads import attacks
from evals.gate.splits import Fold, groups, sources_left_out, without_near
from evals.gate.train import TOGETHER, Known, shipped_examples
from evals.gate.training import RECIPES, HeadRecipe
from state.errors import UsageError


class Effort(NamedTuple):
    """How thoroughly it is measured."""

    folds: int | None
    """At most so many."""
    timed: int
    """Texts of each length that are timed."""


WHOLE, BRIEF = Effort(None, 40), Effort(3, 5)


class Asked(NamedTuple):
    """What is to be measured."""

    names: Sequence[str]
    heads: Sequence[str]
    effort: Effort
    odds: Mapping[str, float]
    """The encoder's, by the rows' ids."""


def lines(folder: Path, asked: Asked) -> list[table.Line]:
    """Measure the candidates for the heads."""
    found = []
    for recipe in RECIPES.values():
        sought = [one for one in recipe.heads if one.head.category in asked.heads]
        known = shipped_examples(recipe.surface, folder) if sought else []
        for one in sought:
            found += _head(one, known, asked)
    return table.with_front(found)


def _head(recipe: HeadRecipe, known: list[Known], asked: Asked) -> list[table.Line]:
    chosen = [one for one in known if recipe.head.says(one.example.row)]
    found = [one.example for one in chosen]
    bad = attacks([one.row for one in found])
    grouped = groups([one.row.text for one in found])
    judged = np.array([one.dev for one in chosen])
    within = Fold("within", without_near(~judged, judged, grouped), judged)
    folds = sources_left_out(found, grouped, TOGETHER[recipe.head.surface])
    folds = [fold for fold in folds if (fold.trained & bad).any()]
    on = table.Ground(
        Given(recipe, found, asked.odds), within, folds[: asked.effort.folds], asked.effort.timed
    )
    # An encoder stands behind the main head of its surface alone.
    said = asked.odds and recipe.head.category.endswith("injection")
    measured = []
    for name in asked.names:
        if said or name not in ENCODED:
            measured.append(table.line(on, name))
            # A table takes long: what is known of it is not lost when it is stopped.
            sys.stderr.write(table.as_row(measured[-1]) + "\n")
    return measured


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, with progress on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    known = [one.head.category for recipe in RECIPES.values() for one in recipe.heads]
    parser.add_argument("--data", type=Path, required=True, help="folder with the public rows")
    parser.add_argument("--head", action="append", choices=known, help="measure this one; may be repeated")
    parser.add_argument("--candidate", action="append", choices=NAMES, help="likewise")
    parser.add_argument("--encoder", type=Path, metavar="SCORES", help="measure the encoder, too")
    parser.add_argument("--quick", action="store_true", help="few candidates and folds, in minutes")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    names = options.candidate or (QUICK if options.quick else NAMES)
    try:
        odds = unseen(options.encoder) if options.encoder else {}
        asked = Asked(names, options.head or known, BRIEF if options.quick else WHOLE, odds)
        found = lines(options.data, asked)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    made = json.dumps(table.as_json(found), indent=2) + "\n" if options.json else table.rendered(found)
    sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
