"""What an index can make anew from its catalogue: terms and vectors, and Chroma's copy of these."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from tools.index.catalogue import NAME, read_meta, reading
from tools.index.chunks import embedded
from tools.index.fault import Fault
from tools.index.probe import probe
from tools.index.vectors import FOLDER
from tools.index.writer import writing

BATCH = 256


def immutable(connection: sqlite3.Connection) -> Sequence[str]:
    """Folders beside the catalogue that this version of it needs, relative to the folder of the index."""
    read_meta(connection)
    return ()


def renew(connection: sqlite3.Connection) -> None:
    """Make a copy of a catalogue one of its own, which no reader mistakes for that which it knows."""
    connection.execute("UPDATE meta SET value = ? WHERE key = 'build'", (uuid4().hex,))
    connection.execute("INSERT OR REPLACE INTO due SELECT passage, 0 FROM legs")


def refill(folder: Path) -> None:
    """Tell Chroma everything anew; nothing is embedded.

    Raises:
        BusyError: another process is writing to the index, and tells it what is due.
    """
    with reading(folder) as connection:
        if connection is None:
            return
        meta = read_meta(connection)
    with writing(folder, _Named(meta.embedding, meta.dimensions)):
        # The writer fills it again when it settles.
        shutil.rmtree(folder / FOLDER, ignore_errors=True)


@dataclass(frozen=True)
class _Named:
    """The model of an index, for writing that embeds nothing."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


def faults(folder: Path, connection: sqlite3.Connection) -> Iterator[Fault]:
    """What is derived, against the catalogue that this connection sees."""
    if broken := broken_legs(connection):
        yield Fault(
            part=NAME, problem=f"Terms or vectors of {len(broken)} passages are damaged.", repairable=True
        )
    if (folder / FOLDER).is_dir() and (problem := probe(folder)):
        yield Fault(part=FOLDER, problem=problem, repairable=True)


def repair(folder: Path, embedder: Embedder, faults: Sequence[Fault]) -> None:
    """Make anew what is at fault; of the passages only those are embedded that need it.

    Raises:
        BusyError: another process is writing to the index.
    """
    with writing(folder, embedder) as writer:
        if any(fault.part == FOLDER for fault in faults):
            # The writer fills it again when it settles.
            shutil.rmtree(folder / FOLDER)
        with reading(folder) as connection:
            broken = broken_legs(connection) if connection else []
        for start in range(0, len(broken), BATCH):
            waiting = writer.named(broken[start : start + BATCH])
            writer.mend(waiting, embedder.embed([embedded(one.title, one.text) for one in waiting]))


def broken_legs(connection: sqlite3.Connection) -> list[int]:
    """Passages whose terms or vector cannot be what was written, or that have none."""
    dimensions = read_meta(connection).dimensions
    (highest,) = connection.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()
    broken = [
        passage
        for (passage,) in connection.execute(
            """SELECT passages.id FROM passages JOIN sources ON sources.id = passages.source
            LEFT JOIN legs ON passage = passages.id
            WHERE legs.label_set IS NOT sources.label_set ORDER BY 1"""
        )
    ]
    for passage, terms, counts, vector in connection.execute(
        "SELECT passage, terms, counts, vector FROM legs ORDER BY passage"
    ):
        if not _is_sound(terms, counts, vector, dimensions, highest):
            broken.append(passage)
    return sorted(set(broken))


def _is_sound(terms: object, counts: object, vector: object, dimensions: int, highest: int) -> bool:
    if not (isinstance(terms, bytes) and isinstance(counts, bytes) and isinstance(vector, bytes)):
        return False
    if len(terms) != len(counts) or len(terms) % 4 or len(vector) != 4 * dimensions:
        return False
    ids, amounts = np.frombuffer(terms, np.int32), np.frombuffer(counts, np.int32)
    # A vector has norm 1: most of what a flipped bit does to it shows there.
    norm = float(np.linalg.norm(np.frombuffer(vector, np.float32).astype(np.float64)))
    return bool(np.all((ids > 0) & (ids <= highest)) and np.all(amounts > 0) and abs(norm - 1) < 1e-3)
