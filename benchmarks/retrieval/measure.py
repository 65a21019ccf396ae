"""Measuring systems on a collection, one after the other, each with an index of its own."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.retrieval.kept import Kept
from benchmarks.retrieval.system import Build, Corpus, Searching, Text
from evals.retrieval.collection import Collection, documents, load
from evals.retrieval.measuring import header, scored
from evals.retrieval.results import Asked, Measured
from evals.retrieval.timed import Timed
from models.embeddings.names import Embedder


def measure(
    folder: Path, systems: Mapping[str, Build], embedder: Embedder, cache: Path | None
) -> dict[str, Measured]:
    """What each system finds in one collection; its vectors are kept in the cache."""
    collection = load(folder / "corpus.jsonl.gz", folder / "queries.jsonl.gz", folder / "qrels.tsv")
    texts = _texts(collection)
    kept = Kept(embedder, cache / folder.name if cache else None)
    found = {}
    for name, build in systems.items():
        with TemporaryDirectory(prefix="warrant-retrieval-") as empty:
            began = time.perf_counter()
            corpus = Corpus(collection, texts, Timed(kept), Path(empty))
            searching = build(corpus)
            sys.stderr.write(f"{folder.name}: {name} indexed in {time.perf_counter() - began:.1f} s\n")
            kept.save()
            found[name] = Measured(
                header=header(collection, name, "linear"),
                queries=tuple(
                    _asked(collection, searching, corpus.embedder, query) for query in collection.queries
                ),
            )
    kept.save()
    return found


def _asked(collection: Collection, searching: Searching, embedder: Timed, query: str) -> Asked:
    text = collection.queries[query]
    asked = scored(collection, query, searching.rank(text))
    if searching.use is None:
        return asked
    # Ranking has warmed it up, and embedded the query: what is left is the search itself.
    wall, cpu, within, within_cpu = _clocks(embedder)
    searching.use(text)
    wall_after, cpu_after, within_after, within_cpu_after = _clocks(embedder)
    times = {
        "search_ms": 1000 * ((wall_after - wall) - (within_after - within)),
        "search_cpu_ms": 1000 * ((cpu_after - cpu) - (within_cpu_after - within_cpu)),
    }
    return asked.model_copy(update=times)


def _clocks(embedder: Timed) -> tuple[float, float, float, float]:
    return time.perf_counter(), time.process_time(), embedder.seconds, embedder.cpu_seconds


def _texts(collection: Collection) -> list[Text]:
    """The documents that hold anything, the title above the text, save where spans count its characters."""
    spans = bool(collection.judgements.spans)
    return [
        Text(id_, 0, len(text), text if spans else f"{title}\n{text}".strip())
        for id_, title, text in documents(collection.corpus)
        if (text if spans else title + text).strip()
    ]
