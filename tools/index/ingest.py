"""Adding documents: what changed is read, cut, embedded and written, in batches that are whole or absent."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from state.errors import UsageError
from tools.index import files
from tools.index.backend import Backend, Writer
from tools.index.chunks import Chunk, Count, approximate, cut, embedded
from tools.index.document import BrokenDocumentError, Document
from tools.index.files import Broken
from tools.index.isolation import Isolation, isolation
from tools.index.local.backend import opened
from tools.index.records import NEVER, Entry, Finished, Known, Version

BATCH_PASSAGES = 256
"""Passages that are embedded and written together: a kill loses the work of a few seconds."""


@dataclass
class Summary:
    """What adding did; sources are files, and lines of JSONL."""

    files: int = 0
    """Files that were looked at."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    """Passages written."""
    broken: list[Broken] = field(default_factory=list)


Report = Callable[[Summary, int], None]
"""Called after every batch and file with what was done so far and the number of files in all."""


def add(
    where: Backend | Path,
    embedder: Embedder,
    paths: Iterable[Path],
    *,
    prune: bool = False,
    rebuild: bool = False,
    report: Report | None = None,
) -> Summary:
    """Bring the index up to date with files and folders.

    Args:
        where: The index, or the folder in which it lies.
        embedder: The model that makes the vectors.
        paths: Files and folders.
        prune: Whether sources of files that no longer exist below the paths are removed.
        rebuild: Whether an index of another embedding model is embedded anew.
        report: Is told of the progress.

    Raises:
        BusyError: another process is writing to the index.
        UsageError: there is nothing to add, or the index was made with another embedding model.
        ModelError: the embedding model failed; what was written until then stays.
        WarrantError: the index is damaged, or the disk is full.
    """
    paths = list(paths)
    found = files.discover(paths)
    if found.missing and not prune:
        raise UsageError(
            f"There is no {found.missing[0]}.", "Correct the path, or remove its sources: --prune."
        )
    if paths and not (found.files or found.broken or prune):
        raise UsageError(f"No documents below {paths[0]}.", f"Warrant reads {files.KINDS}.")
    with opened(where).writing(embedder, rebuild=rebuild) as writer, isolation() as reader:
        if rebuild:
            _embed_anew(writer, embedder)
        run = _Run(writer, embedder, reader, lambda summary: report and report(summary, len(found.files)))
        run.summary.broken += found.broken
        for path in found.files:
            run.take(path)
        run.flush()
        if prune:
            run.prune([Path(os.path.abspath(path)) for path in paths])  # noqa: PTH100 - as files.discover
    return run.summary


@dataclass
class _Batch:
    """Sources that wait to be embedded and written together, and the files that end with them."""

    sources: list[tuple[Path, Document, list[Chunk], str]] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    passages: int = 0


class _Run:
    def __init__(
        self, writer: Writer, embedder: Embedder, reader: Isolation, report: Callable[[Summary], None]
    ) -> None:
        self.summary = Summary()
        self._writer = writer
        self._embedder = embedder
        self._reader = reader
        self._report = report
        self._batch = _Batch()
        self._count: Count = getattr(embedder, "count_tokens", approximate)

    def take(self, path: Path) -> None:
        """Read a file if it changed; what it holds is written with the next full batch."""
        known = self._writer.known(path) or self._register(path)
        self.summary.files += 1
        before = self._writer.digests(path)
        try:
            version = files.version(path)
            digest = files.fingerprint(path)
            if digest == known.digest:
                self.summary.unchanged += len(before)
                self._batch.finished.append(Finished(str(path), digest, version))
            else:
                self._batch.finished.append(self._read(path, known.name, digest, version, before))
        except BrokenDocumentError as error:
            self.summary.broken.append(Broken(known.name, str(error)))
            self._batch.finished.append(Finished(str(path), "", NEVER, str(error)))
        self._report(self.summary)

    def flush(self) -> None:
        """Embed and write what waits."""
        batch, self._batch = self._batch, _Batch()
        if not batch.sources and not batch.finished:
            return
        vectors = _embed(
            self._embedder,
            [
                embedded(chunk.title, document.text[chunk.start : chunk.end])
                for _, document, chunks, _ in batch.sources
                for chunk in chunks
            ],
        )
        entries = []
        for path, document, chunks, modified in batch.sources:
            entries.append(Entry(str(path), document, chunks, vectors[: len(chunks)], modified))
            vectors = vectors[len(chunks) :]
        self.summary.removed += self._writer.write(entries, batch.finished)
        self.summary.passages += batch.passages
        self._report(self.summary)

    def prune(self, roots: list[Path]) -> None:
        """Remove the sources of files below the roots that no longer exist."""
        for path in self._writer.paths():
            if any(root == path or root in path.parents for root in roots) and files.gone(path):
                self.summary.removed += self._writer.forget(path)

    def _register(self, path: Path) -> Known:
        here = Path.cwd()
        name = path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)
        # The same name below another folder from which `index add` was called.
        known = Known(name if self._writer.is_free(name) else str(path), "", ())
        self._writer.register(path, known.name)
        return known

    def _read(self, path: Path, name: str, digest: str, version: Version, before: dict[str, str]) -> Finished:
        seen: set[str] = set()
        broken = 0
        for item in files.read(path, name, self._reader):
            if isinstance(item, Broken):
                broken += 1
                self.summary.broken.append(item)
            else:
                seen.add(item.source)
                self._take(path, item, before.get(item.source), version.modified)
        error = f"{broken} of its lines cannot be read." if broken else ""
        return Finished(str(path), "" if broken else digest, version, error, frozenset(seen))

    def _take(self, path: Path, document: Document, before: str | None, modified: str) -> None:
        if before == document.digest():
            self.summary.unchanged += 1
            return
        if before is None:
            self.summary.added += 1
        else:
            self.summary.changed += 1
        chunks = cut(document, self._count)
        self._batch.sources.append((path, document, chunks, modified))
        self._batch.passages += len(chunks)
        if self._batch.passages >= BATCH_PASSAGES:
            self.flush()


def _embed_anew(writer: Writer, embedder: Embedder) -> None:
    while waiting := writer.waiting(embedder.name, BATCH_PASSAGES):
        vectors = _embed(embedder, [embedded(one.title, one.text) for one in waiting])
        writer.stage(embedder.name, [one.passage for one in waiting], vectors)
    writer.adopt(embedder)


def _embed(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    parts = [
        embedder.embed(texts[start : start + BATCH_PASSAGES])
        for start in range(0, len(texts), BATCH_PASSAGES)
    ]
    return np.concatenate([*parts, np.empty((0, embedder.dimensions), np.float32)])
