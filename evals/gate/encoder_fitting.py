"""How one encoder of the gate learns, in PyTorch, which nothing but this training needs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.gate.encoder_export import Tensors
from evals.gate.encoder_samples import Material, Pick, Sample, Sizes, draw, drawn, material
from evals.gate.rows import Row
from models.embeddings.minilm import token_ids

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from evals.gate.encoder_network import Network

HEAD = "head.weight"


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


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
