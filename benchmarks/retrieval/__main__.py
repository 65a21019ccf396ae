"""How well documents are found, beside what else there is.

python -m benchmarks.retrieval --data DIR [--cache FOLDER] [--json]

DIR holds folders with corpus.jsonl.gz, queries.jsonl.gz and qrels.tsv: scifact, cranfield and npl with graded
documents, chunkeval with spans. bm25s and tantivy are measured where they are installed:
pip install --group retrieval-benchmark
"""

import argparse
import json
import sys
from pathlib import Path

from app.drawing import show
from benchmarks.retrieval.measure import measure
from benchmarks.retrieval.report import drawn, rows
from benchmarks.retrieval.system import Build
from benchmarks.retrieval.systems import CHUNKED, SYSTEMS, missing
from models.embeddings.names import Embedder, resolve

GRADED = ("scifact", "cranfield", "npl")
SPANS = ("chunkeval",)
DOCUMENT = ("ndcg_at_10", "recall_at_100", "mrr_at_10")
PASSAGE = ("recall_in_2000", "hit_at_1", "density_in_2000")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--collections", nargs="+", default=[*GRADED, *SPANS], choices=[*GRADED, *SPANS])
    parser.add_argument("--systems", nargs="+", help="by the beginning of their names; all by default")
    parser.add_argument("--embedding", default="minilm", help="name of the embedding model")
    parser.add_argument("--cache", type=Path, help="keep vectors in this folder between runs")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    printed = {}
    for title, collections, systems, metrics in (
        ("whole documents", GRADED, SYSTEMS, DOCUMENT),
        ("chunks", SPANS, CHUNKED, PASSAGE),
    ):
        names = [name for name in collections if name in arguments.collections]
        wanted = chosen(systems, arguments.systems)
        if not names or not wanted:
            continue
        embedder: Embedder = resolve(arguments.embedding)
        found = {name: measure(arguments.data / name, wanted, embedder, arguments.cache) for name in names}
        printed[title] = rows(found, metrics)
        if not arguments.json:
            show(*drawn(title, printed[title], metrics))
    if arguments.json:
        print(
            json.dumps(
                {title: [row.model_dump(mode="json") for row in each] for title, each in printed.items()}
            )
        )


def chosen(systems: dict[str, Build], names: list[str] | None) -> dict[str, Build]:
    """The systems asked for that can be measured here."""
    found = {}
    for name, build in systems.items():
        if names and not name.startswith(tuple(names)):
            continue
        if module := missing(name):
            sys.stderr.write(f"{name} is left out: {module} is not installed\n")
        else:
            found[name] = build
    return found


if __name__ == "__main__":
    main()
