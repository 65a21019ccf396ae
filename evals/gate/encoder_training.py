"""Fine-tunes the gate's encoder and measures it on sources that it has not seen.

    pip install torch==2.13.0 onnx
    python -m evals.gate.encoder_training --data DIR --write

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. The benign rows of `dev`
that are like no other are never learnt from: promises are made from them. First an encoder is trained for
each surface and each fold without the fold's sources, and scores them; the shipped one goes on from the last
of them with everything. What a fold found is kept in `--work`, so that an interrupted training goes on there,
and so are the scores, from which `python -m evals.gate.train --encoder` puts both stages together. At an
hour of two cores it is no part of `warrant gate train`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from evals.gate.cascade import worst
from evals.gate.encoder_export import Tensors, build, pretrained
from evals.gate.encoder_fitting import Plan, say, train
from evals.gate.encoder_folds import FOLDS, split
from evals.gate.heads import attacks
from evals.gate.hosts import as_in_the_wild
from evals.gate.metrics import auc, recall_at
from evals.gate.rows import Row, read, written
from evals.gate.splits import groups, held_back, without_near
from models.gate.encoder.model import SURFACES, WEIGHTS, Encoder
from state.canonical import digest
from state.errors import UsageError, WarrantError

SCORES = "scores.jsonl"
WORK = Path("var/gate/encoder")
LAST = len(FOLDS) - 1


def shipped(trained: Mapping[str, Tensors], plan: Plan) -> bytes:
    """The file of an encoder, from what each surface's layers have learnt."""
    published = pretrained()
    return build({surface: published | own for surface, own in trained.items()}, plan.layers, plan.frozen)


@dataclass(frozen=True)
class Rows:
    """All rows there are."""

    every: Sequence[Row]
    learnt: frozenset[str]
    """Ids of those that may be learnt from."""

    def only(self, rows: Sequence[Row]) -> list[Row]:
        """Those of the rows that may be learnt from."""
        return [row for row in rows if row.id in self.learnt]


def load(folder: Path) -> Rows:
    """All rows; what is held back for promises, or is like it, is not learnt from."""
    public = [read(folder / f"{part}.jsonl.gz") for part in ("train", "dev")]
    every = [*public[0], *public[1], *map(as_in_the_wild, written())]
    dev, grouped = {row.id for row in public[1]}, groups([row.text for row in every])
    held = held_back(np.array([row.id in dev for row in every]), attacks(every), grouped)
    kept = without_near(~held, held, grouped)
    return Rows(every, frozenset(row.id for row, keep in zip(every, kept, strict=True) if keep))


class Wanted(NamedTuple):
    """How the folds are run."""

    work: Path = WORK
    """What is kept meanwhile, and the scores."""
    jobs: int = 1
    """Folds that are trained at once."""


class Fold(NamedTuple):
    """What an encoder is trained without, and for which surface."""

    number: int
    surface: str


def folded(rows: Rows, plan: Plan, fold: Fold, wanted: Wanted) -> Path:
    """Train without a fold's sources and score them; a folder with `weights.npz` and what it said."""
    kept, left = split(rows.every, fold.number)
    kept, left = rows.only(kept), [row for row in left if row.surface == fold.surface]
    named = f"{fold.surface}-{fold.number + 1}"
    sought = [{**asdict(plan), "lessons": plan.lessons[fold.surface]}, [row.id for row in kept]]
    folder = wanted.work / f"{named}-{digest([*sought, [row.id for row in left]])[-12:]}"
    if folder.exists():
        say(f"{named}: found in {folder}")
        return folder
    say(f"{named}: {len(kept)} rows to learn from, {len(left)} to measure on")
    weights = train(kept, fold.surface, plan, pretrained()).weights()
    encoder = Encoder(shipped(dict.fromkeys(SURFACES, weights), plan))
    wanted.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fold-", dir=wanted.work) as beside:
        made = Path(beside) / "made"
        made.mkdir()
        np.savez(made / "weights.npz", allow_pickle=False, **weights)
        (made / SCORES).write_text("".join(_scores(encoder, left, fold.surface)), encoding="utf-8")
        made.rename(folder)
    return folder


def _scores(encoder: Encoder, left: Sequence[Row], surface: str) -> Iterator[str]:
    odds = worst(encoder, [row.text for row in left], surface).tolist()
    for row, value in zip(left, odds, strict=True):
        said = {"id": row.id, "surface": surface, "label": row.label, "source": row.source}
        yield json.dumps(said | {"encoder": value}) + "\n"


def measured(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of each surface, and of each attacked source against all its clean texts."""
    found = dict[str, Any]()
    for surface in SURFACES:
        inside = [one for one in lines if one["surface"] == surface]
        clean = np.array([one["encoder"] for one in inside if not one["label"]])
        attacked = [one for one in inside if one["label"]]
        for name in ("all", *sorted({one["source"] for one in attacked})):
            bad = np.array([one["encoder"] for one in attacked if name in ("all", one["source"])])
            found[f"{surface}: {name}"] = {
                "attacked": len(bad),
                "clean": len(clean),
                "auc": round(auc(bad, clean), 4),
                "recall at 1 % false alarms": round(recall_at(bad, clean, 0.01), 4),
            }
    return found


def run(rows: Rows, plan: Plan, wanted: Wanted, target: Path | None) -> dict[str, Any]:
    """Train and measure each fold, then train on everything; returns what was measured."""
    work = wanted.work
    folds = [Fold(number, surface) for surface in SURFACES for number in range(len(FOLDS))]
    with ProcessPoolExecutor(wanted.jobs, get_context("spawn"), _single) as pool:
        waiting = [pool.submit(folded, rows, plan, fold, wanted) for fold in folds]
        folders = {fold: each.result() for fold, each in zip(folds, waiting, strict=True)}
        lines = [
            json.loads(line)
            for folder in folders.values()
            for line in (folder / SCORES).read_text(encoding="utf-8").splitlines()
        ]
        (work / SCORES).write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
        report = {"plan": asdict(plan), "left out": measured(lines)}
        if target is not None:
            going = {
                surface: pool.submit(further, rows, surface, plan, folders[Fold(LAST, surface)])
                for surface in SURFACES
            }
            target.write_bytes(shipped({surface: each.result() for surface, each in going.items()}, plan))
            text = json.dumps(report, indent=2) + "\n"
            target.with_suffix(".json").write_text(text, encoding="utf-8")
    return report


def further(rows: Rows, surface: str, plan: Plan, folder: Path) -> Tensors:
    """What a fold's encoder is after it has gone on with all rows."""
    say(f"{surface}: all rows")
    with np.load(folder / "weights.npz", allow_pickle=False) as stored:
        start = pretrained() | dict(stored)
    return train(rows.only(rows.every), surface, plan, start).weights()


def _single() -> None:
    """One core for each process."""
    import torch

    torch.set_num_threads(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `python -m evals.gate.encoder_training`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train and dev .jsonl.gz")
    parser.add_argument("--jobs", type=int, default=1, help="folds that are trained at once, a core each")
    parser.add_argument("--half", action="store_true", help="in bfloat16: for processors with AMX")
    parser.add_argument("--work", type=Path, default=WORK, help="what is kept meanwhile, and the scores")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name} and its measurements")
    given = parser.parse_args(arguments)
    try:
        if find_spec("torch") is None:
            raise UsageError("PyTorch is not installed.", "Run `pip install torch==2.13.0`.")
        wanted = Wanted(given.work, given.jobs)
        report = run(load(given.data), Plan(half=given.half), wanted, WEIGHTS if given.write else None)
    except WarrantError as error:
        parser.error(str(error))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
