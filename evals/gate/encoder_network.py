"""The encoder while it is trained: BERT's layers in PyTorch, which only training needs.

The lowest layers stay as published and are computed with the very int8 values that are shipped, so that the
layers above learn from what they will see.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from evals.gate.encoder_export import EPSILON, HEADS, Tensors, rounded

MASKED = -1e4
STEP = 16


class Batch(NamedTuple):
    """Token ids of several windows, filled up with 0, and which of them are filling."""

    ids: Tensor
    filling: Tensor


def batch(ids: Sequence[Sequence[int]]) -> Batch:
    """Windows side by side, as long as the longest of them, rounded up: each new shape is compiled anew."""
    width = -(-max(map(len, ids)) // STEP) * STEP
    rows = torch.tensor([[*row, *[0] * (width - len(row))] for row in ids])
    lengths = torch.tensor([len(row) for row in ids])
    return Batch(rows, torch.arange(width)[None, :] >= lengths[:, None])


class Network:
    """`layers` layers, of which the first `frozen` are not trained, and a head over mean and maximum."""

    def __init__(self, weights: Tensors, layers: int, frozen: int, *, half: bool = False) -> None:
        self.layers, self.frozen = layers, frozen
        self._kind = torch.bfloat16 if half else torch.float32
        kept = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        size = len(weights["embeddings.LayerNorm.weight"])
        kept.setdefault("head.weight", torch.zeros(1, 2 * size))
        kept.setdefault("head.bias", torch.zeros(1))
        trained = (*(f"encoder.layer.{layer}." for layer in range(frozen, layers)), "head.")
        self.trained = {
            name: value.requires_grad_() for name, value in kept.items() if name.startswith(trained)
        }
        self._fixed = {
            name: _stored(name, value).to(self._kind)
            for name, value in kept.items()
            if name not in self.trained
        }

    def weights(self) -> Tensors:
        """The trained weights, by the names they are exported under."""
        return {name: value.detach().numpy().copy() for name, value in self.trained.items()}

    def logits(self, given: Batch, dropout: float = 0.0) -> Tensor:
        """Log-odds of an injection, of shape (windows,)."""
        bias = (given.filling[:, None, None, :] * MASKED).to(self._kind)
        with torch.no_grad():
            hidden = self._embed(given.ids)
            for layer in range(self.frozen):
                hidden = self._layer(self._fixed, f"encoder.layer.{layer}", hidden, bias)
        for layer in range(self.frozen, self.layers):
            hidden = self._layer(self.trained, f"encoder.layer.{layer}", hidden, bias)
        return self._head(hidden.float(), given.filling, dropout)

    def score(self, ids: Sequence[Sequence[int]], size: int = 64) -> NDArray[np.float32]:
        """Log-odds of windows of any number and length, of shape (windows,)."""
        found = np.empty(len(ids), np.float32)
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        with torch.no_grad():
            for start in range(0, len(order), size):
                places = order[start : start + size]
                found[places] = self.logits(batch([ids[place] for place in places])).numpy()
        return found

    def _embed(self, ids: Tensor) -> Tensor:
        words = self._fixed["embeddings.word_embeddings.weight"][ids]
        total = words + self._fixed["embeddings.position_embeddings.weight"][: ids.shape[1]]
        return _norm(self._fixed, "embeddings.LayerNorm", total)

    def _layer(self, weights: dict[str, Tensor], name: str, hidden: Tensor, bias: Tensor) -> Tensor:
        windows, length, size = hidden.shape

        def heads(part: str) -> Tensor:
            projected = _dense(weights, f"{name}.attention.self.{part}", hidden)
            return projected.view(windows, length, HEADS, size // HEADS).transpose(1, 2)

        # torch's own attention takes several times as long backwards on a processor.
        likeness = heads("query") @ heads("key").transpose(-1, -2) * (size // HEADS) ** -0.5
        mixed = (likeness + bias).softmax(-1) @ heads("value")
        mixed = mixed.transpose(1, 2).reshape(windows, length, size)
        attended = _dense(weights, f"{name}.attention.output.dense", mixed)
        hidden = _norm(weights, f"{name}.attention.output.LayerNorm", hidden + attended)
        wide = functional.gelu(_dense(weights, f"{name}.intermediate.dense", hidden))
        narrow = _dense(weights, f"{name}.output.dense", wide)
        return _norm(weights, f"{name}.output.LayerNorm", hidden + narrow)

    def _head(self, hidden: Tensor, filling: Tensor, dropout: float) -> Tensor:
        real = (~filling)[:, :, None]
        mean = (hidden * real).sum(1) / real.sum(1)
        peak = hidden.masked_fill(~real, MASKED).amax(1)
        pooled = functional.dropout(torch.cat([mean, peak], 1), dropout)
        return functional.linear(pooled, self.trained["head.weight"], self.trained["head.bias"])[:, 0]


def _stored(name: str, value: Tensor) -> Tensor:
    """A matrix as its int8 values give it back."""
    if value.ndim != 2 or name.startswith("embeddings."):
        return value
    return torch.from_numpy(rounded(value.numpy()))


def _dense(weights: dict[str, Tensor], name: str, inner: Tensor) -> Tensor:
    kind = inner.dtype
    return functional.linear(inner, weights[f"{name}.weight"].to(kind), weights[f"{name}.bias"].to(kind))


def _norm(weights: dict[str, Tensor], name: str, inner: Tensor) -> Tensor:
    scale, shift = (weights[f"{name}.{part}"].to(inner.dtype) for part in ("weight", "bias"))
    return functional.layer_norm(inner, scale.shape, scale, shift, EPSILON)


def optimiser(network: Network, rate: float, steps: int) -> tuple[Optimizer, LambdaLR]:
    """AdamW with a linear warm-up over a tenth of the steps and a linear decay; the head learns faster."""
    decayed = [value for name, value in network.trained.items() if value.ndim == 2 and "head" not in name]
    plain = [value for name, value in network.trained.items() if value.ndim == 1 and "head" not in name]
    head = [value for name, value in network.trained.items() if "head" in name]
    groups = [
        {"params": decayed, "weight_decay": 0.01},
        {"params": plain, "weight_decay": 0.0},
        {"params": head, "lr": rate * 10, "weight_decay": 0.01},
    ]
    descent: Optimizer = torch.optim.AdamW(groups, lr=rate, fused=True)
    warm = max(1, steps // 10)
    schedule = LambdaLR(
        descent, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    return descent, schedule
