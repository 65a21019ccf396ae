"""How fast BM25 is built and searched, on text generated from a Zipf vocabulary.

python -m benchmarks.sparse --sizes 1000 10000 100000 [1000000]

Each engine and size is measured in a process of its own. bm25s and tantivy are measured where they are
installed: pip install --group retrieval-benchmark
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.retrieval.systems import missing
from benchmarks.sparse.corpus import Generated
from benchmarks.sparse.engines import ENGINES, Engine, Scores, best, okapi

QUERIES = 200
FEW = 20
"""Queries that are asked of the definition: it takes long."""
TOP = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--engines", nargs="+", choices=[*ENGINES], default=[*ENGINES])
    parser.add_argument(
        "--definition-up-to", type=int, default=100_000, help="passages for which rank_bm25 is run"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.engines[0], arguments.sizes[0], arguments.definition_up_to)))
        return
    found = [
        apart(engine, size, arguments.definition_up_to)
        for size in arguments.sizes
        for engine in arguments.engines
        if (engine != "rank_bm25" or size <= arguments.definition_up_to) and installed(engine)
    ]
    print(json.dumps(found) if arguments.json else "\n".join(table(found)))


def installed(engine: str) -> bool:
    if module := missing(engine):
        sys.stderr.write(f"{engine} is left out: {module} is not installed\n")
        return False
    return True


def apart(engine: str, size: int, definition_up_to: int) -> dict[str, Any]:
    """Measure in a new process, whose memory nothing else has touched."""
    sys.stderr.write(f"{engine}, {size:,} passages\n")
    command = [sys.executable, "-m", "benchmarks.sparse", "--one", "--engines", engine, "--sizes", str(size)]
    command += ["--definition-up-to", str(definition_up_to)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def measure(name: str, size: int, definition_up_to: int) -> dict[str, Any]:
    corpus = Generated(size, QUERIES)
    queries = [corpus.spelled(one) for one in corpus.queries]
    with TemporaryDirectory(prefix="warrant-sparse-") as folder:
        before, wall = peak(), time.perf_counter()
        engine = ENGINES[name](corpus, Path(folder))
        built = time.perf_counter() - wall
        grown = peak() - before
        engine.top(queries[0])
        asked = queries[:FEW] if name == "rank_bm25" else queries
        milliseconds = [timed(engine.top, query) for query in asked]
        figures = {
            "engine": name,
            "passages": size,
            "build_seconds": round(built, 2),
            "peak_mb": round(grown / 1e6, 1),
            "disk_mb": round(
                sum(one.stat().st_size for one in Path(folder).rglob("*") if one.is_file()) / 1e6, 1
            ),
            "wall_p50_ms": round(float(np.percentile([wall for wall, _ in milliseconds], 50)), 3),
            "wall_p95_ms": round(float(np.percentile([wall for wall, _ in milliseconds], 95)), 3),
            "cpu_ms": round(float(np.mean([cpu for _, cpu in milliseconds])), 3),
        }
        if name != "rank_bm25" and size <= definition_up_to:
            figures |= compared(engine, okapi(corpus), queries[:FEW])
    return figures


def compared(engine: Engine, definition: Scores, queries: Sequence[list[str]]) -> dict[str, Any]:
    """The largest difference of any score, and the share of the first ten that are the definition's."""
    shared, largest = [], 0.0
    for query in queries:
        true = definition(query)
        first = true[best(true)[:TOP]]
        # Of passages that score the same any may come first; those without a term are none.
        limit = first[first != 0].min() - 1e-9
        shared.append(float(np.mean(true[engine.top(query)[: int((first != 0).sum())]] >= limit)))
        if engine.scores:
            largest = max(largest, float(np.abs(engine.scores(query) - true).max()))
    found = {"same_of_first_ten": round(float(np.mean(shared)), 3)}
    return found | ({"largest_difference": float(f"{largest:.1e}")} if engine.scores else {})


def timed(search: Callable[[Sequence[str]], object], query: Sequence[str]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    search(query)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def peak() -> int:
    """Bytes that this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def table(found: list[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(name for one in found for name in one))
    lines = [columns, *([str(one.get(name, "–")) for name in columns] for one in found)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]


if __name__ == "__main__":
    main()
