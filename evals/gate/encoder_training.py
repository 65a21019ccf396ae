"""Fine-tunes the gate's encoder and measures it on sources that it has not seen.

    pip install torch==2.13.0 onnx
    python -m evals.gate.encoder_training --data DIR --write

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. The benign rows of `dev`
that are like no other are never learnt from: promises are made from them. First an encoder is trained for
each surface and each fold without the fold's sources, and scores them; the shipped one goes on from the last
of them with everything. What a fold found is kept in `--work`, so that an interrupted training goes on there,
and so are the scores, from which `python -m evals.gate.train --encoder` puts both stages together. PyTorch is
needed here and nowhere else. At an hour of one core it is no part of `warrant gate train`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.gate.cascade import worst
from evals.gate.encoder_export import Tensors, build, pretrained
from evals.gate.encoder_folds import FOLDS, split
from evals.gate.encoder_samples import Material, Pick, Sample, Sizes, draw, drawn, material
from evals.gate.heads import attacks
from evals.gate.hosts import as_in_the_wild
from evals.gate.metrics import auc, recall_at
from evals.gate.rows import Row, read, written
from evals.gate.splits import groups, held_back, without_near
from models.embeddings.minilm import token_ids
from models.gate.encoder.model import SURFACES, WEIGHTS, Encoder
from state.canonical import digest
from state.errors import UsageError, WarrantError

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from evals.gate.encoder_network import Network

HEAD = "head.weight"
SCORES = "scores.jsonl"
WORK = Path("var/gate/encoder")
LAST = len(FOLDS) - 1


class Lessons(NamedTuple):
    """How much one surface's encoder learns from."""

    sizes: Sizes
    epochs: int
    further: int
    """Epochs on all rows, from the last fold's encoder on."""

    @property
    def samples(self) -> int:
        """Of one epoch."""
        return sum(self.sizes)


@dataclass(frozen=True)
class Plan:
    """How it is trained."""

    layers: int = 4
    frozen: int = 2
    """Layers that both surfaces share; above them each has its own."""
    lessons: Mapping[str, Lessons] = field(
        default_factory=lambda: {
            "tool": Lessons(Sizes(900, 1700, planted=1300, harmless=650, hard=400), epochs=4, further=2),
            "input": Lessons(Sizes(1500, 2300, planted=900, harmless=900, hard=400), epochs=5, further=2),
        }
    )
    """By surface."""
    rate: float = 3e-4
    batch: int = 32
    dropout: float = 0.1
    half: bool = False
    """Compute in bfloat16: several times as fast on processors with AMX, half as fast on others."""
    seed: int = 6


def train(rows: Sequence[Row], surface: str, plan: Plan, start: Tensors) -> "Network":
    """An encoder that has learnt from rows; it goes on where the weights come from one that was trained."""
    import torch

    from evals.gate.encoder_network import Network, optimiser

    torch.manual_seed(plan.seed)
    random = Random(plan.seed)
    given, lessons = material(rows, surface), plan.lessons[surface]
    again = HEAD in start
    epochs = lessons.further if again else lessons.epochs
    network = Network(start, plan.layers, plan.frozen, half=plan.half)
    descent, schedule = optimiser(network, plan.rate, epochs * -(-lessons.samples // plan.batch))
    for epoch in range(epochs):
        began = monotonic()
        pick, hard = _chosen(given, network, lessons.sizes, random) if epoch or again else (None, [])
        samples = draw(given, random, lessons.sizes, pick, hard)
        losses = []
        for group in _grouped(samples, plan.batch, random):
            losses.append(_step(network, group, plan, descent))
            schedule.step()
        say(f"{surface}, epoch {epoch + 1}: loss {np.mean(losses):.4f}, {monotonic() - began:.0f} s")
    return network


def _chosen(given: Material, network: "Network", sizes: Sizes, random: Random) -> tuple[Pick, list[str]]:
    """By the network so far: the likeliest windows of attacked texts, and clean ones taken for attacks."""

    def pick(bags: Sequence[Sequence[str]]) -> list[str]:
        scores = iter(_scored(network, [window for bag in bags for window in bag]).tolist())
        return [max(bag, key=lambda _: next(scores)) for bag in bags]

    tried = sorted(set(drawn(given.clean, random, 4 * sizes.hard)))
    order = np.argsort(-_scored(network, tried))[: sizes.hard]
    return pick, [tried[place] for place in order]


class Encoded(NamedTuple):
    """A sample as the network reads it."""

    ids: list[int]
    label: float


def _grouped(samples: Sequence[Sample], size: int, random: Random) -> list[list[Encoded]]:
    """Batches of about equal length, in random order."""
    encoded = [Encoded(token_ids(one.text), one.label) for one in samples]
    encoded.sort(key=lambda one: len(one.ids) * random.uniform(0.9, 1.1))
    groups = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    random.shuffle(groups)
    return groups


def _step(network: "Network", group: Sequence[Encoded], plan: Plan, descent: "Optimizer") -> float:
    import torch
    from torch.nn import functional

    from evals.gate.encoder_network import batch

    logits = network.logits(batch([one.ids for one in group]), plan.dropout)
    labels = torch.tensor([one.label for one in group])
    # Smoothed labels would bound the log-odds, and the rarest false alarms would tie with attacks.
    loss = functional.binary_cross_entropy_with_logits(logits, labels)
    descent.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.trained.values(), 1.0)
    descent.step()
    return float(loss.detach())


def _scored(network: "Network", windows: Sequence[str]) -> NDArray[np.float32]:
    return network.score([token_ids(window) for window in windows])


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
    """Train without a fold's sources and score them; a folder with `weights.npz` and `scores.jsonl`."""
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


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


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
