"""The encoder as ONNX: weights read from the sentence encoder's file, int8 matrix products written.

Each row of activations is quantised by its own largest value, so that a window's score does not depend on
the windows beside it. Weights use 7 of the 8 bits: without VNNI a processor adds two products of 8 bits in
16, and only 7 bits cannot overflow there, so that every processor computes the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import MODEL
from models.embeddings.rebuild import (
    EPSILON,
    HEADS,
    IR_VERSION,
    LAYERS,
    OPSET,
    Graph,
    Tensor,
    embed_tokens,
    import_onnx,
    norm,
)
from models.gate.encoder.model import SURFACES

__all__ = ["EPSILON", "HEADS", "LAYERS", "Tensors", "build", "pretrained", "rounded"]

Tensors: TypeAlias = dict[str, Tensor]

LEVELS = 63
WORDS, POSITIONS, TYPES = (
    f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position", "token_type")
)


def pretrained(path: Path = MODEL) -> Tensors:
    """The weights of the shipped sentence encoder as float32, under their published names."""
    onnx = import_onnx()
    stored = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    weights = {
        WORDS: stored["tokens.int8"].astype(np.float32) * stored["tokens.scale"],
        POSITIONS: stored["positions"],
        # Added to the positions already.
        TYPES: np.zeros((1, stored["positions"].shape[1]), np.float32),
    }
    for name, value in stored.items():
        if name.endswith(".weight.int8"):
            published = name.removesuffix(".int8")
            weights[published] = (value.astype(np.float32) * stored[f"{published}.scale"]).T
        elif name.endswith(".bias") or "LayerNorm" in name:
            weights[name] = value
    return weights


def quantise(weight: Tensor) -> tuple[NDArray[np.int8], Tensor]:
    """Symmetric 7-bit values of a matrix (outputs, inputs), and the scale of each output."""
    scales = np.maximum(np.abs(weight).max(axis=1), np.float32(1e-12)) / np.float32(LEVELS)
    return np.rint(weight / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def rounded(weight: Tensor) -> Tensor:
    """What a matrix is after it has been stored."""
    values, scales = quantise(weight)
    return values.astype(np.float32) * scales[:, None]


class Writer(Graph):
    """Adds integer matrix products to the graph."""

    def __init__(self, onnx: ModuleType) -> None:
        super().__init__(onnx)
        self._quantised = set[str]()
        for name, value in (("step", 1 / 127), ("least", 1e-12), ("middle", 128.5)):
            self.constant(name, np.array(value, np.float32))
        self.constant("last", np.array([-1], np.int64))
        self.constant("origin", np.array(128, np.uint8))

    def quantised(self, inner: str) -> str:
        """Activations as uint8 around 128, their scale beside them as `.scale`; once for all who need it."""
        if inner not in self._quantised:
            self._quantised.add(inner)
            size = self.call("Abs", [inner], f"{inner}.size")
            peak = self.call("ReduceMax", [size, "last"], f"{inner}.peak", keepdims=1)
            unit = self.call("Mul", [peak, "step"], f"{inner}.unit")
            scale = self.call("Add", [unit, "least"], f"{inner}.scale")
            share = self.call("Div", [inner, scale], f"{inner}.share")
            # Casting cuts off, so adding a half rounds.
            shifted = self.call("Add", [share, "middle"], f"{inner}.shifted")
            self.call("Cast", [shifted], f"{inner}.uint8", to=self.onnx.TensorProto.UINT8)
        return f"{inner}.uint8"

    def dense(self, weights: Mapping[str, Tensor], names: Sequence[str], inner: str) -> str:
        """Linear layers of one input, computed as one; the output bears the first one's name."""
        name = names[0]
        values, scales = quantise(np.concatenate([weights[f"{each}.weight"] for each in names]))
        bias = np.concatenate([weights[f"{each}.bias"] for each in names])
        factors = [self.quantised(inner), self.constant(f"{name}.int8", values.T), "origin"]
        whole = self.call("MatMulInteger", factors, f"{name}.int32")
        product = self.call("Cast", [whole], f"{name}.float", to=self.onnx.TensorProto.FLOAT)
        product = self.call("Mul", [product, f"{inner}.scale"], f"{name}.rows")
        product = self.call("Mul", [product, self.constant(f"{name}.scale", scales)], f"{name}.scaled")
        return self.call("Add", [product, self.constant(f"{name}.bias", bias)], name)

    def layer(self, weights: Mapping[str, Tensor], name: str, hidden: str) -> str:
        """One BERT layer."""

        def close(block: str, inner: str, residual: str) -> str:
            dense = self.dense(weights, [f"{block}.dense"], inner)
            total = self.call("Add", [dense, residual], f"{block}.sum")
            return norm(self, weights, f"{block}.LayerNorm", total)

        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = self.dense(weights, parts, hidden)
        split = [f"{part}.part" for part in parts]
        self.nodes.append(self.onnx.helper.make_node("Split", [joined], split, axis=2, num_outputs=3))
        attention = self.call("ms.MultiHeadAttention", split, f"{name}.attention", num_heads=HEADS)
        attended = close(f"{name}.attention.output", attention, hidden)
        wide = self.dense(weights, [f"{name}.intermediate.dense"], attended)
        return close(f"{name}.output", self.call("Gelu", [wide], f"{name}.gelu"), attended)

    def head(self, weights: Mapping[str, Tensor], name: str, hidden: str) -> str:
        """Probability of an injection, from the mean and the largest value of each dimension."""
        pooled = [
            self.call(f"Reduce{kind}", [hidden, "token"], f"{hidden}.{kind.lower()}", keepdims=0)
            for kind in ("Mean", "Max")
        ]
        both = self.call("Concat", pooled, f"{name}.pooled", axis=1)
        weight, bias = (f"{name}.head.{part}" for part in ("weight", "bias"))
        product = self.call("MatMul", [both, self.constant(weight, weights[weight].T)], f"{name}.product")
        odds = self.call("Add", [product, self.constant(bias, weights[bias])], f"{name}.odds")
        flat = self.call("Squeeze", [odds, "token"], f"{name}.flat")
        return self.call("Sigmoid", [flat], f"{name}.probabilities")

    def branch(self, weights: Mapping[str, Tensor], surface: str, hidden: str, layers: range) -> object:
        """One surface's layers and its head, as a graph inside the graph."""
        outer, self.nodes = self.nodes, []
        own = {f"{surface}.{name}": value for name, value in weights.items()}
        for layer in layers:
            hidden = self.layer(own, f"{surface}.encoder.layer.{layer}", hidden)
        make = self.onnx.helper
        found = self.head(own, surface, hidden)
        output = make.make_tensor_value_info(found, self.onnx.TensorProto.FLOAT, ["batch"])
        made = make.make_graph(self.nodes, surface, [], [output])
        self.nodes = outer
        return made


def build(trained: Mapping[str, Mapping[str, Tensor]], layers: int, frozen: int) -> bytes:
    """The ONNX file: `ids` (batch, length) int64, unpadded, and `tool` bool, to `probabilities` (batch,).

    The lowest `frozen` layers serve both surfaces; above them each has its own weights, and only those of the
    surface that is asked for are computed.
    """
    onnx = import_onnx()
    writer = Writer(onnx)
    writer.constant("token", np.array([1], np.int64))
    shared = next(iter(trained.values()))
    hidden = embed_tokens(writer, shared)
    for layer in range(frozen):
        hidden = writer.layer(shared, f"encoder.layer.{layer}", hidden)
    writer.quantised(hidden)
    first, second = (
        writer.branch(trained[surface], surface, hidden, range(frozen, layers)) for surface in SURFACES
    )
    choice = onnx.helper.make_node(
        "If", [SURFACES[0]], ["probabilities"], then_branch=first, else_branch=second
    )
    value = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_graph(
        [*writer.nodes, choice],
        "injection",
        [
            value("ids", onnx.TensorProto.INT64, ["batch", "length"]),
            value(SURFACES[0], onnx.TensorProto.BOOL, []),
        ],
        [value("probabilities", onnx.TensorProto.FLOAT, ["batch"])],
        writer.initialisers,
    )
    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("com.microsoft", 1)]
    model = onnx.helper.make_model(
        proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="warrant"
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
