"""What a way of cutting documents does to retrieval, with two rankers over the same chunks.

    python -m benchmarks.chunking --data DIR [--json] [--cache FOLDER] [--only NAME …]

DIR holds `chunkeval` (queries with the characters that answer them) and `cranfield` (graded documents).
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.chunking.collection import Collection, load
from benchmarks.chunking.metrics import Found, Piece, ndcg, spans_found
from benchmarks.chunking.rankers import Chunks, Ranker, documents
from benchmarks.chunking.strategies import STRATEGIES, Strategy
from benchmarks.chunking.vectors import Cached
from tools.index.chunks import READ_TOKENS

COLLECTIONS = ("chunkeval", "cranfield")
RESAMPLES = 2_000


class Made(NamedTuple):
    """What a strategy made of a collection."""

    chunks: Chunks
    hidden: float
    """Share of the tokens that the embedding model does not read."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the collections")
    parser.add_argument("--cache", type=Path, help="folder in which vectors are kept")
    parser.add_argument("--only", nargs="+", choices=[*STRATEGIES], default=[*STRATEGIES], metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    options = parser.parse_args()
    model = Cached(options.cache)
    for name in COLLECTIONS:
        collection = load(options.data / name)
        for strategy in options.only:
            for row in measured(collection, strategy, model):
                print(json.dumps(row) if options.json else line(row), flush=True)


def measured(collection: Collection, strategy: str, model: Cached) -> Iterator[dict[str, Any]]:
    made = make(collection, STRATEGIES[strategy], model, stock=not strategy.startswith("ours"))
    pieces = made.chunks.pieces
    ranker = Ranker(made.chunks)
    vectors = model.embed([query.text for query in collection.queries])
    for name, rank in (("stock", ranker.stock), ("fused", ranker.ours)):
        rankings = [
            rank(query.text, vector) for query, vector in zip(collection.queries, vectors, strict=True)
        ]
        figures = (spanned if collection.spans else graded)(collection, pieces, rankings)
        yield {
            "collection": collection.name,
            "strategy": strategy,
            "ranker": name,
            "chunks": len(pieces),
            "hidden": round(made.hidden, 3),
            "inexact": sum(piece.start < 0 for piece in pieces),
            **{figure: interval(np.array(values)) for figure, values in figures.items()},
        }


def make(collection: Collection, strategy: Strategy, model: Cached, stock: bool) -> Made:
    """Cut and embed a collection; a stock splitter gets a graded document's title as its first line."""
    pieces: list[Piece] = []
    texts: list[str] = []
    for document in collection.documents:
        joined = document.title and stock and not collection.spans
        read = document._replace(text=f"{document.title}\n{document.text}") if joined else document
        for one in strategy(read, model):
            pieces.append(Piece(document.id, one.start, len(one.text)))
            texts.append(one.embedded)
    counts = np.array([model.count_tokens(text) for text in texts])
    hidden = np.maximum(counts - READ_TOKENS, 0).sum() / counts.sum()
    return Made(Chunks(pieces, texts, model.embed(texts)), float(hidden))


def spanned(collection: Collection, pieces: list[Piece], rankings: list[list[int]]) -> dict[str, list[float]]:
    found = [
        spans_found([pieces[row] for row in ranking], collection.spans[query.id])
        for query, ranking in zip(collection.queries, rankings, strict=True)
    ]
    return {name: [getattr(one, name) for one in found] for name in Found._fields}


def graded(collection: Collection, pieces: list[Piece], rankings: list[list[int]]) -> dict[str, list[float]]:
    values = [
        ndcg(documents(ranking, pieces), collection.grades[query.id])
        for query, ranking in zip(collection.queries, rankings, strict=True)
    ]
    return {"ndcg": values}


def interval(values: NDArray[np.float64]) -> list[float]:
    """Mean over the queries, and its 95 % percentile bootstrap interval."""
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return [round(float(one), 3) for one in (values.mean(), low, high)]


def line(row: dict[str, Any]) -> str:
    figures = "  ".join(
        f"{name} {one[0]:.3f} ({one[1]:.3f}–{one[2]:.3f})"
        for name, one in row.items()
        if isinstance(one, list)
    )
    return (
        f"{row['collection']:<10} {row['strategy']:<22} {row['ranker']:<6} {row['chunks']:>6} chunks  "
        f"hidden {row['hidden']:.3f}  inexact {row['inexact']:>4}  {figures}"
    )


if __name__ == "__main__":
    main()
