"""kill -9 at random moments of adding, removing, relabelling and embedding anew; then the index is looked at.

python -m benchmarks.index_crashes --count 50

After every kill the index must open, hold exactly what the last finished step left or the step after it, find
all of it, and have nothing wrong with it. The next process goes on where the killed one stopped.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tools.index.chunks import Chunk, embedded
from tools.index.document import Document
from tools.index.local.backend import LocalBackend
from tools.index.local.check import check
from tools.index.local.fold import Sizes
from tools.index.records import NEVER, Entry, Finished

# So small that every step folds, merges or tells Chroma something.
SIZES = Sizes(fold=40, factor=3, exact_below=150)
FILES = 5
SOURCES = 30
LABELS = frozenset({"hr"})
LONGEST_SECONDS = 2.5

State: TypeAlias = tuple[str, dict[str, tuple[str, bool]]]
"""The embedding model; every source, its text, and whether hr alone may read it."""


class Words:
    """An embedding model without weights."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dimensions = 32

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors that the words' hashes make."""
        vectors = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[
                    row, hashlib.sha256(f"{self.name} {word}".encode()).digest()[0] % self.dimensions
                ] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def kind(step: int) -> str:
    """What a step does."""
    if step % 7 == 6:
        return "remove"
    if step % 11 == 10:
        return "rebuild"
    return "relabel" if step % 5 == 4 else "add"


def model(step: int) -> Words:
    """The embedding model before a step."""
    return Words(f"model {sum(kind(one) == 'rebuild' for one in range(step)) % 2}")


def file_of(step: int) -> str:
    """The file that a step is about."""
    return f"{step % FILES}.jsonl"


def text_of(step: int, number: int) -> str:
    """Two passages."""
    return f"Return number{number} written{step}.\nShip parcel{number % 7} today."


def left(step: int) -> State:
    """What there is before a step."""
    sources: dict[str, tuple[str, bool]] = {}
    secret: dict[str, bool] = {}
    for one in range(step):
        file = file_of(one)
        own = {name: kept for name, kept in sources.items() if name.startswith(file)}
        if kind(one) == "relabel":
            secret[file] = one % 2 == 1
            sources |= {name: (text, secret[file]) for name, (text, _) in own.items()}
        elif kind(one) in ("add", "remove"):
            sources = {name: kept for name, kept in sources.items() if name not in own}
        if kind(one) == "remove":
            secret.pop(file, None)
        elif kind(one) == "add":
            hidden = secret.setdefault(file, False)
            sources |= {f"{file}#{number}": (text_of(one, number), hidden) for number in range(SOURCES)}
    return model(step).name, sources


def do(backend: LocalBackend, step: int) -> None:
    """Take one step."""
    path = Path(file_of(step))
    rebuilds = kind(step) == "rebuild"
    embedder = model(step + 1)
    with backend.writing(embedder, rebuild=rebuilds) as writer:
        if writer.known(path) is None:
            writer.register(path, str(path))
        if kind(step) == "add":
            entries = []
            for number in range(SOURCES):
                text = text_of(step, number)
                middle = text.index("\n")
                chunks = [Chunk(0, middle, ()), Chunk(middle + 1, len(text), ())]
                vectors = embedder.embed([text[one.start : one.end] for one in chunks])
                entries.append(Entry(str(path), Document(f"{path}#{number}", text, ()), chunks, vectors, ""))
            names = frozenset(one.document.source for one in entries)
            writer.write(entries, [Finished(str(path), str(step), NEVER, "", names)])
        elif kind(step) == "remove":
            writer.forget(path)
        elif kind(step) == "relabel":
            writer.relabel(path, ["hr"] if step % 2 else [])
        else:
            while waiting := writer.waiting(embedder.name, 64):
                vectors = embedder.embed([embedded(one.title, one.text) for one in waiting])
                writer.stage(embedder.name, [one.passage for one in waiting], vectors)
            writer.adopt(embedder)


def work(folder: Path, step: int) -> None:
    """Take steps until this process is killed, and say which are done."""
    backend = LocalBackend(folder, SIZES)
    while True:
        print(step, flush=True)
        do(backend, step)
        step += 1


def crash(folder: Path, step: int, seconds: float) -> int:
    """Start a process at a step and kill it; returns the step that it had begun."""
    command = [sys.executable, "-m", "benchmarks.index_crashes", "--work", str(folder), "--step", str(step)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()
    return begun(first + rest)


def begun(output: str) -> int:
    """The last step of which a whole line speaks: the kill may have cut one in two."""
    return int([line for line in output.splitlines(keepends=True) if line.endswith("\n")][-1])


def look(folder: Path, step: int) -> int:
    """The step that comes next, if what is there is what it should be.

    Raises:
        AssertionError: it is not.
    """
    backend = LocalBackend(folder, SIZES)
    problems = check(backend)
    assert not problems, problems
    there = held(backend)
    for following in (step, step + 1):
        if there == left(following):
            backend.close()
            return following
    raise AssertionError(f"What there is after step {step} is neither what was before it nor what follows.")


def held(backend: LocalBackend) -> State:
    """What is found, with its text put together."""
    name = backend.status().embedding or model(0).name
    embedder = Words(name)
    with backend.reading(embedder, LABELS) as reader:
        if reader is None:
            return name, {}
        proposal = reader.propose("return ship", embedder.embed(["return ship"])[0], 100_000)
        found = reader.passages(proposal.candidates.ids.tolist()) if proposal else []
        state = {one.source: (reader.source_text(one.source) or "", one.labels == ("hr",)) for one in found}
        assert len({(one.source, one.start) for one in found}) == len(found) == 2 * len(state)
        assert all(state[one.source][0][one.start : one.end] == one.text for one in found)
    with backend.reading(embedder, frozenset()) as reader:
        vector = embedder.embed(["return"])[0]
        proposal = reader.propose("return", vector, 100_000) if reader else None
        open_ones = reader.passages(proposal.candidates.ids.tolist()) if reader and proposal else []
        assert {one.source for one in open_ones} == {one for one, (_, secret) in state.items() if not secret}
    return name, state


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill so many times; returns during which kinds of steps."""
    random_ = random.Random(seed)
    step = 0
    struck: Counter[str] = Counter()
    for _ in range(count):
        at = crash(folder, step, random_.uniform(0, LONGEST_SECONDS))
        struck[kind(at)] += 1
        step = look(folder, at)
    return dict(struck)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=50, help="how often a process is killed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.step)
    with tempfile.TemporaryDirectory() as folder:
        struck = run(Path(folder) / "index", arguments.count, arguments.seed)
    if arguments.json:
        print(json.dumps({"kills": arguments.count, "during": struck}))
    else:
        during = ", ".join(f"{number} while it was to {name}" for name, number in sorted(struck.items()))
        print(f"{arguments.count} kills ({during}): nothing lost, nothing came back, nothing wrong.")


if __name__ == "__main__":
    main()
