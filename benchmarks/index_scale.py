"""What an index costs at different sizes: build rate, disk, memory, opening, and a hybrid query.

python -m benchmarks.index_scale --sizes 1000 10000 100000 1000000

Passages are synthetic: about 80 terms of a Zipf vocabulary, and unit vectors of 384 dimensions in clusters.
Queries are perturbed vectors and terms of the same passages. Building and searching are processes apart.
Memory is in MB (10^6 bytes): the peak of all, and the peaks of its parts where the system tells them, which
need not fall together. Private is what only this process has; mapped are pages of files (blocks, libraries),
which processes share and the system takes back when memory is short.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.text import terms
from state.policy import RetrievalPolicy
from tools.index.chunks import Chunk
from tools.index.document import Document
from tools.index.local import legs
from tools.index.local.backend import LocalBackend
from tools.index.records import Entry
from tools.index.search import Index

DIMENSIONS = 384
WORDS = 300_000
FLAT = 50
"""Added to the ranks of words: the commonest then stands in a sixth of the passages."""
PASSAGE_TERMS = 80
SOURCE_PASSAGES = 5
BATCH_SOURCES = 50
CLUSTERS = 2_000
SPREAD = 0.8
QUERIES = 300
WARM_UP = 30
CANDIDATES = RetrievalPolicy().candidates
PASSAGES = RetrievalPolicy().passages
EVERYONE: frozenset[str] = frozenset()


class Synthetic:
    """An embedding model that gives the vectors that it was told."""

    name = "synthetic"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.vectors: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of these texts, which were told before."""
        return np.stack([self.vectors[text] for text in texts])


class Collection:
    """Passages that depend on their number alone."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._centres = random.normal(size=(CLUSTERS, DIMENSIONS)).astype(np.float32)
        weights = np.cumsum(1 / (np.arange(WORDS) + FLAT))
        self._weights = weights / weights[-1]
        self._words = [_word(number) for number in range(WORDS)]

    def entry(self, number: int, passages: int) -> Entry:
        """One source with its passages."""
        random = np.random.default_rng(number)
        drawn = np.searchsorted(self._weights, random.random(passages * PASSAGE_TERMS))
        words = [self._words[word] for word in drawn.tolist()]
        chunks: list[Chunk] = []
        texts: list[str] = []
        start = 0
        for first in range(0, len(words), PASSAGE_TERMS):
            text = " ".join(words[first : first + PASSAGE_TERMS])
            chunks.append(Chunk(start, start + len(text), ()))
            texts.append(text)
            start += len(text) + 2
        document = Document(f"{number}.md", "\n\n".join(texts), ())
        return Entry(
            "all.jsonl", document, chunks, self.vectors(random, passages), "2026-01-01T00:00:00+00:00"
        )

    def vectors(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        """Unit vectors around the centres."""
        noise = random.normal(size=(count, DIMENSIONS)).astype(np.float32)
        return _unit(self._centres[random.integers(0, CLUSTERS, count)] + SPREAD * noise)

    def query(self, number: int) -> tuple[str, NDArray[np.float32]]:
        """Eight terms of a passage, and its vector perturbed."""
        entry = self.entry(number, SOURCE_PASSAGES)
        random = np.random.default_rng([number, 1])
        words = entry.document.text[slice(*entry.chunks[0][:2])].split()
        noise = random.normal(size=DIMENSIONS).astype(np.float32) * 0.02
        return " ".join(random.choice(words, 8)), _unit((entry.vectors[0] + noise)[None])[0]


STATUS = Path("/proc/self/status")
PARTS = {"RssAnon": "private", "RssFile": "mapped"}
LOOK_SECONDS = 0.05


class Memory(Thread):
    """Looks while it is open at what memory this process has."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ended = Event()
        self._peaks: dict[str, int] = {}

    def __enter__(self) -> "Memory":
        if STATUS.exists():
            self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()

    def run(self) -> None:
        """Look again and again."""
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def peaks(self) -> dict[str, int]:
        """In MB, until now."""
        if STATUS.exists():
            self._look()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole = peak * (1 if sys.platform == "darwin" else 1024)
        return {name: round(size / 1e6) for name, size in {"peak": whole, **self._peaks}.items()}

    def _look(self) -> None:
        for line in STATUS.read_text().splitlines():
            if name := PARTS.get(line.partition(":")[0]):
                self._peaks[name] = max(self._peaks.get(name, 0), 1024 * int(line.split()[1]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="passages")
    parser.add_argument("--folder", type=Path, help="where they are made (default: a temporary one)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--stage", choices=["build", "search", "grow"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stage = {"build": build, "search": search, "grow": grow}[arguments.stage]
        with Memory() as memory:
            found = stage(arguments.folder, arguments.sizes[0], memory)
        print(json.dumps({**found, "memory_mb": memory.peaks()}))
        return
    figures = []
    for size in arguments.sizes:
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        found = {"passages": size}
        try:
            for name in ("build", "search", "grow"):
                command = [sys.executable, "-m", "benchmarks.index_scale", "--stage", name]
                command += ["--sizes", str(size), "--folder", str(folder)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                found[name] = json.loads(done.stdout)
        finally:
            shutil.rmtree(folder)
        figures.append(found)
        if not arguments.json:
            print(json.dumps(found, indent=2), flush=True)
    if arguments.json:
        print(json.dumps(figures))


def build(folder: Path, size: int, _memory: Memory) -> dict[str, Any]:
    collection = Collection()
    spent = 0.0
    with LocalBackend(folder / "index").writing(Synthetic()) as writer:
        writer.register(Path("all.jsonl"), "all.jsonl")
        for entries in batches(collection, 0, size):
            start = time.perf_counter()
            writer.write(entries, [])
            spent += time.perf_counter() - start
        start = time.perf_counter()
    settled = time.perf_counter() - start
    return {
        "passages_per_second": round(size / (spent + settled)),
        "seconds": round(spent + settled, 1),
        "of_which_at_the_end": round(settled, 1),
        "disk_mb": round(sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6),
    }


def search(folder: Path, size: int, memory: Memory) -> dict[str, Any]:
    embedder = Synthetic()
    asked = questions(size)
    embedder.vectors.update(asked)
    start = time.perf_counter()
    backend = LocalBackend(folder / "index")
    index = Index(backend, embedder)
    index.search(asked[0][0], PASSAGES, CANDIDATES, EVERYONE)
    opened = time.perf_counter() - start
    start = time.perf_counter()
    backend.load(embedder, EVERYONE)
    loaded = time.perf_counter() - start
    for text, _ in asked[:WARM_UP]:
        index.search(text, PASSAGES, CANDIDATES, EVERYONE)
    processor = time.process_time()
    whole = [timed(index.search, text, PASSAGES, CANDIDATES, EVERYONE) for text, _ in asked]
    processor = time.process_time() - processor
    before = memory.peaks()
    embedding = queries_of_minilm([text for text, _ in asked])
    return {
        "reopening_seconds": round(opened, 3),
        "loading_graphs_seconds": round(loaded, 3),
        "query_ms": quantiles(whole),
        "query_cpu_ms": round(1000 * processor / len(asked), 2),
        "query_with_minilm_ms": quantiles([a + b for a, b in zip(whole, embedding, strict=True)]),
        "memory_without_minilm_mb": before,
        **parts(backend, embedder, asked),
    }


def questions(size: int) -> list[tuple[str, NDArray[np.float32]]]:
    """Queries of a collection, which is not kept: its words would count as memory of the search."""
    collection = Collection()
    sources = max(1, size // SOURCE_PASSAGES)
    random = np.random.default_rng(7)
    return [collection.query(int(one)) for one in random.integers(0, sources, QUERIES)]


def parts(
    backend: LocalBackend, embedder: Synthetic, asked: list[tuple[str, NDArray[np.float32]]]
) -> dict[str, Any]:
    """The steps of a search apart, and how many of the true neighbours are found."""
    times: dict[str, list[float]] = {name: [] for name in ("open", "sparse", "dense", "propose", "fetch")}
    recall: list[float] = []
    for text, vector in asked:
        start = time.perf_counter()
        with backend.reading(embedder, EVERYONE) as reader:
            assert reader
            times["open"].append(1000 * (time.perf_counter() - start))
            view, meta = reader.view(), reader.meta()
            query = reader.query(view, text, vector)
            times["sparse"].append(timed(legs.sparse, view, query.terms, query.idf, CANDIDATES))
            times["dense"].append(timed(backend.nearest, view, meta, vector, CANDIDATES))
            times["propose"].append(timed(reader.propose, text, vector, CANDIDATES))
            near = backend.nearest(view, meta, vector, CANDIDATES).ids[:10]
            times["fetch"].append(timed(reader.passages, near.tolist()[:PASSAGES]))
            if len(recall) < 100:
                true = legs.exact([(part, 0) for part in view.parts], vector, 10).ids
                recall.append(len(np.intersect1d(near, true)) / max(1, len(true)))
    return {
        **{f"{name}_ms": quantiles(values) for name, values in times.items()},
        "dense_recall_at_10": round(float(np.mean(recall)), 4),
        "query_terms": round(float(np.mean([len(terms(text)) for text, _ in asked])), 1),
    }


def grow(folder: Path, size: int, _memory: Memory) -> dict[str, Any]:
    """Add 100 documents while a reader has the index open."""
    embedder = Synthetic()
    collection = Collection()
    text, vector = collection.query(1)
    embedder.vectors[text] = vector
    backend = LocalBackend(folder / "index")
    index = Index(backend, embedder)
    for _ in range(3):
        index.search(text, PASSAGES, CANDIDATES, EVERYONE)
    backend.load(embedder, EVERYONE)
    entries = [collection.entry(size + number, 1) for number in range(100)]
    start = time.perf_counter()
    with LocalBackend(folder / "index").writing(embedder) as writer:
        writer.write(entries, [])
    added = time.perf_counter() - start
    first = timed(index.search, text, PASSAGES, CANDIDATES, EVERYONE)
    second = timed(index.search, text, PASSAGES, CANDIDATES, EVERYONE)
    backend.close()
    return {
        "adding_100_documents_seconds": round(added, 3),
        "first_query_after_a_write_ms": round(first, 1),
        "second_query_after_a_write_ms": round(second, 1),
    }


def queries_of_minilm(texts: list[str]) -> list[float]:
    from models.embeddings.minilm import MiniLM

    model = MiniLM()
    model.embed(texts[:3])
    return [timed(model.embed, [text]) for text in texts]


def batches(collection: Collection, first: int, size: int) -> Iterator[list[Entry]]:
    left, number = size, first
    while left:
        entries: list[Entry] = []
        while left and len(entries) < BATCH_SOURCES:
            passages = min(SOURCE_PASSAGES, left)
            entries.append(collection.entry(number, passages))
            number += 1
            left -= passages
        yield entries


def timed(run: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    run(*arguments)
    return 1000 * (time.perf_counter() - start)


def quantiles(values: list[float]) -> dict[str, float]:
    return {f"p{part}": round(float(np.percentile(values, part)), 2) for part in (50, 95)}


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _word(number: int) -> str:
    letters = "bcdfghjklmnpqrtvwxz"
    found = ""
    while True:
        number, letter = divmod(number, len(letters))
        found += letters[letter] + "aeiou"[letter % 5]
        if not number:
            return found


if __name__ == "__main__":
    main()
