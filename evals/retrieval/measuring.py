"""Searching every query of a collection, and scoring what is found."""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from evals.retrieval.collection import Collection
from evals.retrieval.indexed import Indexed, namer, opened
from evals.retrieval.metrics import Found, Gain, by_document, by_passage
from evals.retrieval.results import Asked, Header, Measured
from evals.retrieval.timed import Timed
from models.embeddings.names import Embedder
from state.errors import UsageError
from state.policy import RetrievalPolicy
from tools import index as index_package
from tools.index.local.holdings import status

DEPTH = 1_000
"""Passages looked at: all that the search ranks, so that a hundred different documents may be among them."""

Progress = Callable[[int, int], None]
"""Called after each query with how many are done, of how many."""


class Configuration(NamedTuple):
    """How is searched."""

    policy: RetrievalPolicy
    labels: frozenset[str] = frozenset()
    gain: Gain = "linear"


def measure(
    collection: Collection,
    indexed: Indexed,
    embedder: Embedder,
    chosen: Configuration,
    progress: Progress | None = None,
) -> Measured:
    """Search each query as the product does, and score it.

    Each is searched twice: for as many passages as the product returns, which is timed, and for all that it
    ranks, which is scored; the number of candidates is the same.
    """
    timed = Timed(embedder)
    policy, document, done = chosen.policy, namer(collection), []
    index = opened(indexed.folder, timed, policy)
    # The first search opens the index and loads the model.
    index.search(next(iter(collection.queries.values())), policy.passages, policy.candidates, chosen.labels)
    for query, text in collection.queries.items():
        before = time.perf_counter(), time.process_time(), timed.seconds, timed.cpu_seconds
        index.search(text, policy.passages, policy.candidates, chosen.labels)
        after = time.perf_counter(), time.process_time(), timed.seconds, timed.cpu_seconds
        wall, cpu, embedding, embedding_cpu = (1000 * (b - a) for a, b in zip(before, after, strict=True))
        passages = index.search(text, DEPTH, policy.candidates, chosen.labels)
        found = [Found(document(one.source), one.start, one.end) for one in passages]
        asked = scored(collection, query, found, chosen.gain)
        times = {
            "embedding_ms": embedding,
            "search_ms": wall - embedding,
            "search_cpu_ms": cpu - embedding_cpu,
        }
        done.append(asked.model_copy(update=times))
        if progress:
            progress(len(done), len(collection.queries))
    return Measured(header=_header(collection, indexed, embedder, chosen), queries=tuple(done))


def scored(collection: Collection, query: str, found: Sequence[Found], gain: Gain = "linear") -> Asked:
    """The measures of one query; a document's rank is that of its best passage."""
    documents = tuple(dict.fromkeys(one.document for one in found))[:100]
    if spans := collection.judgements.spans.get(query):
        metrics, judged = by_passage(found, spans), 1.0
    else:
        grades = collection.judgements.grades[query]
        metrics = by_document(documents, grades, gain)
        judged = sum(one in grades for one in documents[:10]) / max(1, len(documents[:10]))
    return Asked(query=query, metrics=metrics, documents=documents, judged_at_10=judged)


def header(collection: Collection, system: str, gain: Gain) -> Header:
    """What holds of any system that is measured on a collection."""
    return Header(
        system=system,
        digests=dict(collection.digests),
        gain=gain,
        left_out=collection.left_out,
        judgements=len(collection.judgements),
    )


def _header(collection: Collection, indexed: Indexed, embedder: Embedder, chosen: Configuration) -> Header:
    found = status(indexed.folder)
    if not found.passages:
        raise UsageError(f"No document of {collection.corpus} could be indexed.", "Give its lines a `text`.")
    return header(collection, "warrant", chosen.gain).model_copy(
        update={
            "embedding": embedder.name,
            "weights": _weights(),
            "passages": chosen.policy.passages,
            "candidates": chosen.policy.candidates,
            "reranker": chosen.policy.reranker,
            "index_bytes": _size(indexed.folder),
            "index_passages": found.passages,
            "unreadable": len(indexed.summary.broken),
        }
    )


def _weights() -> dict[str, str]:
    """The data files of the index's ranking; what is in none of them is code."""
    root = Path(index_package.__path__[0])
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix in (".json", ".npz")]
    return {
        path.relative_to(root).as_posix(): f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in files
    }


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
