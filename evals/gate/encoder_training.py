"""Fine-tunes the gate's encoder and measures it on sources that it has not seen.

    pip install torch==2.13.0 onnx
    python -m evals.gate.encoder_training --data DIR --write

DIR has `train.jsonl.gz` and `dev.jsonl.gz`; what was written for Warrant is added. First one encoder is
trained for each fold without the fold's sources and measured on them. The shipped one goes on from the last
of them with everything; its probabilities are calibrated on these measurements. PyTorch is needed here and
nowhere else. At 7 minutes of one core a fold it is no part of `warrant gate train`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from evals.gate.encoder_export import Tensors, build, pretrained
from evals.gate.encoder_folds import FOLDS, sampled, split
from evals.gate.encoder_measures import Doubles, calibrated, measured
from evals.gate.encoder_samples import Material, Sample, cut, draw, drawn, material
from evals.gate.hosts import as_in_the_wild
from evals.gate.rows import Row, read, written
from models.embeddings.minilm import token_ids
from models.gate.encoder.model import WEIGHTS, Encoder
from state.errors import UsageError, WarrantError

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from evals.gate.encoder_network import Network

HEAD = "head.weight"
SUREST = 1e-6


@dataclass(frozen=True)
class Plan:
    """How it is trained."""

    layers: int = 4
    frozen: int = 2
    epochs: int = 4
    further: int = 2
    """Epochs on all rows, from the last fold's encoder on."""
    sizes: tuple[int, int, int] = (900, 1300, 2300)
    hard: int = 400
    rate: float = 3e-4
    batch: int = 32
    dropout: float = 0.1
    seed: int = 6


def train(rows: Sequence[Row], plan: Plan, start: Tensors) -> "Network":
    """An encoder that has learnt from rows; it goes on where the weights come from one that was trained."""
    import torch

    from evals.gate.encoder_network import Network, optimiser

    torch.manual_seed(plan.seed)
    random = Random(plan.seed)
    given = material(rows)
    say(", ".join(f"{sum(map(len, getattr(given, name).values()))} {name}" for name in vars(given)))
    network = Network(start, plan.layers, plan.frozen)
    number = sum(plan.sizes) + plan.hard
    descent, schedule = optimiser(network, plan.rate, plan.epochs * -(-number // plan.batch))
    for epoch in range(plan.epochs):
        began = monotonic()
        samples = _epoch(given, network, plan, random, first=epoch == 0 and HEAD not in start)
        losses = []
        for group in _grouped(samples, plan.batch, random):
            losses.append(_step(network, group, plan, descent))
            schedule.step()
        say(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {monotonic() - began:.0f} s")
    return network


def _epoch(given: Material, network: "Network", plan: Plan, random: Random, *, first: bool) -> list[Sample]:
    if first:
        return draw(given, random, plan.sizes)

    def pick(bags: Sequence[Sequence[str]]) -> list[str]:
        scores = iter(_scored(network, [window for bag in bags for window in bag]).tolist())
        return [max(bag, key=lambda _: next(scores)) for bag in bags]

    tried = sorted(set(drawn(given.clean, random, 4 * plan.hard)))
    order = np.argsort(-_scored(network, tried))
    hard = [tried[place] for place in order[: plan.hard]]
    return draw(given, random, plan.sizes, pick, hard)


def _grouped(samples: Sequence[Sample], size: int, random: Random) -> list[list[tuple[list[int], float]]]:
    """Batches of about equal length, in random order."""
    encoded = [(token_ids(sample.text), sample.label) for sample in samples]
    encoded.sort(key=lambda one: len(one[0]) * random.uniform(0.9, 1.1))
    groups = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    random.shuffle(groups)
    return groups


def _step(
    network: "Network", group: Sequence[tuple[list[int], float]], plan: Plan, descent: "Optimizer"
) -> float:
    import torch
    from torch.nn import functional

    from evals.gate.encoder_network import batch

    logits = network.logits(batch([ids for ids, _ in group]), plan.dropout)
    labels = torch.tensor([label for _, label in group])
    # Smoothed labels would bound the log-odds, and the rarest false alarms would tie with attacks.
    loss = functional.binary_cross_entropy_with_logits(logits, labels)
    descent.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.trained.values(), 1.0)
    descent.step()
    return float(loss.detach())


def _scored(network: "Network", windows: Sequence[str]) -> NDArray[np.float32]:
    return network.score([token_ids(window) for window in windows])


def shipped(weights: Tensors, layers: int) -> Encoder:
    """An encoder as it will run."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS.name
        path.write_bytes(build(weights, layers))
        return Encoder(path)


def worst(encoder: Encoder, texts: Sequence[str]) -> Doubles:
    """Log-odds of the likeliest window of each text."""
    windows = [cut(text) for text in texts]
    scores = encoder.score([window for each in windows for window in each]).astype(float)
    starts = np.cumsum([0, *(len(each) for each in windows[:-1])])
    likeliest = np.clip(np.maximum.reduceat(scores, starts), SUREST, 1 - SUREST)
    found: Doubles = logit(likeliest)
    return found


def load(folder: Path) -> list[Row]:
    """All rows there are."""
    own = [as_in_the_wild(row) for row in written()]
    return [*read(folder / "train.jsonl.gz"), *read(folder / "dev.jsonl.gz"), *own]


def run(data: Path, plan: Plan, most: int, target: Path | None) -> dict[str, Any]:
    """Measure on each fold, train on everything, calibrate; returns what was measured."""
    rows, start = load(data), pretrained()
    weights, folds = start, dict[str, Any]()
    labels, odds = list[int](), list[float]()
    for name, sources in FOLDS.items():
        kept, left = split(rows, sources)
        test = sampled(left, most, plan.seed)
        say(f"fold {name}: {len(kept)} rows to learn from, {len(test)} to measure on")
        weights = start | train(kept, plan, start).weights()
        scores = worst(shipped(weights, plan.layers), [row.text for row in test])
        folds[name] = measured(test, scores)
        say(json.dumps(folds[name]))
        labels += [row.label for row in test]
        odds += scores.tolist()
    slope, offset = calibrated(np.array(labels), np.array(odds))
    report = {"plan": asdict(plan), "folds": folds, "calibration": {"slope": slope, "offset": offset}}
    if target is not None:
        weights |= train(rows, replace(plan, epochs=plan.further), weights).weights()
        weights[HEAD] = weights[HEAD] * np.float32(slope)
        weights["head.bias"] = weights["head.bias"] * np.float32(slope) + np.float32(offset)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(build(weights, plan.layers))
    return report


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(f"{line}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `python -m evals.gate.encoder_training`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train and dev .jsonl.gz")
    parser.add_argument("--most", type=int, default=250, help="texts measured of a source and label")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name} and its measurements")
    given = parser.parse_args(arguments)
    try:
        if find_spec("torch") is None:
            raise UsageError("PyTorch is not installed.", "Run `pip install torch==2.13.0`.")
        report = run(given.data, Plan(), given.most, WEIGHTS if given.write else None)
    except WarrantError as error:
        parser.error(str(error))
    text = json.dumps(report, indent=2) + "\n"
    if given.write:
        WEIGHTS.with_suffix(".json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
