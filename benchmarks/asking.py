"""How long an answer takes, in one process, over what is indexed under WARRANT_HOME.

    WARRANT_HOME=/tmp/scifact warrant index add corpus.jsonl.gz
    WARRANT_HOME=/tmp/scifact python -m benchmarks.asking --queries queries.jsonl.gz --count 50

The first question is not counted: it opens the index and loads the embeddings. `retrieval` is the time of the
calls that search, their checks and their trace included.
"""

import argparse
import asyncio
import gzip
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphs.run import session
from state.agent import Context


def queries(path: Path, count: int) -> list[str]:
    """The first texts of a JSON Lines file with a field `text`, gzipped or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(count + 1), strict=False)]


async def measure(asked: Sequence[str], model: str) -> dict[str, Any]:
    """Ask one after the other; times are seconds."""
    documents = []
    async with session() as agent:
        for text in asked:
            started = time.perf_counter()
            document = await agent.ask(text, context=Context(model=model))
            documents.append({**document, "asked": text, "taken": time.perf_counter() - started})
    counted = documents[1:]
    searches = [c["seconds"] for d in counted for c in d["calls"] if c["tool"] == "search_documents"]
    return {
        "model": model,
        "questions": len(counted),
        "with claims": sum(bool(d["answer"] and d["answer"]["claims"]) for d in counted),
        "first ms": _ms(documents[0]["taken"]),
        "answer ms": _quantiles([d["taken"] for d in counted]),
        "retrieval ms": _quantiles(searches),
        "answers": [[d["asked"], d["answer"] and d["answer"]["text"]] for d in counted[:10]],
    }


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": _ms(cuts[9]), "p95": _ms(cuts[18]), "max": _ms(max(seconds))}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=Path, required=True, help="JSON Lines with a field text")
    parser.add_argument("--count", type=int, default=50, help="questions that are counted")
    parser.add_argument("--model", default="offline", help="chat model by name")
    given = parser.parse_args()
    found = asyncio.run(measure(queries(given.queries, given.count), given.model))
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
