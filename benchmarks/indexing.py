"""How fast documents are indexed and found; how well, `warrant eval retrieval` says.

python -m benchmarks.indexing --corpus corpus.jsonl.gz --queries queries.jsonl.gz
"""

import argparse
import gzip
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from models.embeddings.names import Embedder, resolve
from tools.index.ingest import add
from tools.index.local.holdings import status
from tools.index.search import Index

CANDIDATES = 50


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="JSONL, also gzipped: _id, title, text")
    parser.add_argument("--queries", type=Path, required=True, help="JSONL, also gzipped: _id, text")
    parser.add_argument("--limit", type=int, help="index only the first documents")
    parser.add_argument("--embedding", default="minilm", help="name of the embedding model")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:24} {value}" for name, value in figures.items()))


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    embedder = resolve(arguments.embedding)
    embedder.embed(["load the model"])
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(lines(arguments.corpus)[: arguments.limit]), encoding="utf-8")
    index = folder / "index"
    seconds, processor = time.perf_counter(), time.process_time()
    summary = add(index, embedder, [corpus])
    seconds, processor = time.perf_counter() - seconds, time.process_time() - processor
    again = time.perf_counter()
    add(index, embedder, [corpus])
    again = time.perf_counter() - again
    queries = [json.loads(line) for line in lines(arguments.queries)]
    return {
        "sources": summary.added,
        "passages": summary.passages,
        "sources_per_second": round(summary.added / seconds, 1),
        "sources_per_cpu_second": round(summary.added / processor, 1),
        "unchanged_again_seconds": round(again, 2),
        "bytes_on_disk": status(index).bytes,
        **searched(index, embedder, queries),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
    }


def searched(index: Path, embedder: Embedder, queries: list[dict[str, str]]) -> dict[str, Any]:
    opened = Index(index, embedder)
    start = time.perf_counter()
    opened.search(queries[0]["text"], 6, CANDIDATES, frozenset())
    first = time.perf_counter() - start
    milliseconds: list[float] = []
    for query in queries:
        start = time.perf_counter()
        opened.search(query["text"], 6, CANDIDATES, frozenset())
        milliseconds.append(1000 * (time.perf_counter() - start))
    cuts = statistics.quantiles(milliseconds, n=20)
    return {
        "queries": len(queries),
        "first_search_seconds": round(first, 3),
        "search_p50_ms": round(statistics.median(milliseconds), 1),
        "search_p95_ms": round(cuts[18], 1),
    }


def lines(path: Path) -> list[str]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return file.readlines()


if __name__ == "__main__":
    main()
