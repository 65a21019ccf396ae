"""Adds a folder and tells, as JSON, what came of it and what it cost: `python -m … HOME DOCUMENTS`."""

import json
import resource
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.index.chunks import approximate
from tools.index.ingest import Summary, add
from tools.index.isolation import Bounds
from tools.index.local.backend import LocalBackend
from tools.index.search import Index

BOUNDS = Bounds(cpu_seconds=2, seconds=30, memory=1_500_000_000)


class Checksum:
    """An embedding model that costs nothing."""

    name = "checksum"
    dimensions = 2
    count_tokens = staticmethod(approximate)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        angles = np.array([zlib.crc32(text.encode("utf-8", "replace")) for text in texts], np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def main(home: Path, documents: Path) -> None:
    began = last = time.monotonic()
    slowest = 0.0

    def report(_summary: Summary, _files: int) -> None:
        nonlocal last, slowest
        last, before = time.monotonic(), last
        slowest = max(slowest, last - before)

    embedder = Checksum()
    summary = add(home, embedder, [documents], report=report, bounds=BOUNDS)
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    index = Index(home, embedder)
    with LocalBackend(home).writing(embedder) as writer:
        sources = [source for path in writer.paths() for source in writer.digests(path)]
    texts = {source: index.source_text(source, frozenset()) for source in sources}
    shown = {
        "broken": [one._asdict() for one in summary.broken],
        "texts": texts,
        "seconds": seconds,
        "slowest": slowest,
        "memory": memory,
        "passages": summary.passages,
    }
    (home.parent / "shown.json").write_text(json.dumps(shown), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
