"""What an index can make anew from its catalogue: terms and vectors, in blocks and in the tail."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from state.errors import WarrantError
from tools.index.chunks import embedded
from tools.index.fault import Fault
from tools.index.local import blocks, guard
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import NAME, legible, read_meta, reading
from tools.index.local.columns import mapped
from tools.index.local.graphs import FOLDER
from tools.index.lock import exclusive
from tools.index.probe import probe

BATCH = 256


def immutable(connection: sqlite3.Connection) -> list[str]:
    """Files beside the catalogue that this version of it needs, relative to the folder of the index."""
    rows = connection.execute("SELECT folder, digests FROM blocks ORDER BY folder")
    with legible():
        return [
            f"{blocks.FOLDER}/{folder}/{name}" for folder, digests in rows for name in json.loads(digests)
        ]


def renew(connection: sqlite3.Connection) -> None:
    """Make a copy of a catalogue one of its own, which no reader mistakes for that which it knows."""
    connection.execute("UPDATE meta SET value = ? WHERE key = 'build'", (uuid4().hex,))
    connection.execute("UPDATE meta SET value = '' WHERE key = 'graphs'")
    connection.execute("UPDATE blocks SET told = 0")
    connection.execute("DELETE FROM due")


def refill(folder: Path) -> None:
    """Let a writer settle what a restored catalogue left to do; nothing is embedded.

    Raises:
        BusyError: another process is writing to the index, and does it.
    """
    with reading(folder) as connection:
        if connection is None:
            return
        meta = read_meta(connection)
    with LocalBackend(folder).writing(_Named(meta.embedding, meta.dimensions)):
        pass


@dataclass(frozen=True)
class _Named:
    """The model of an index, for writing that embeds nothing."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


@dataclass(frozen=True)
class Losses:
    """What is to be made anew."""

    blocks: dict[int, str]
    """Number and folder of blocks of which a file is missing or damaged."""
    passages: list[int]
    """Passages that can be found no longer, or otherwise than they should."""


def faults(folder: Path, connection: sqlite3.Connection) -> Iterator[Fault]:
    """What is derived, against the catalogue that this connection sees."""
    lost = losses(folder, connection)
    for name in lost.blocks.values():
        part = f"{blocks.FOLDER}/{name}"
        yield Fault(part=part, problem="Files of it are missing or damaged.", repairable=True)
    if lost.passages:
        problem = f"Terms or vectors of {len(lost.passages)} passages are damaged or missing."
        yield Fault(part=NAME, problem=problem, repairable=True)
    if not lost.blocks and (folder / FOLDER).is_dir():
        yield from (Fault(part=FOLDER, problem=one, repairable=True) for one in probe(folder))


def losses(folder: Path, connection: sqlite3.Connection) -> Losses:
    """Compare blocks with their digests, and the place of every passage with its source."""
    broken: dict[int, str] = {}
    placed: list[tuple[int, int]] = []
    generation = read_meta(connection).generation
    for number, name, label_set, digests, passages in connection.execute(
        "SELECT id, folder, label_set, digests, passages FROM blocks"
    ).fetchall():
        if not _is_whole(folder, name, digests, generation, passages):
            broken[number] = name
            continue
        dead = {one for (one,) in connection.execute("SELECT passage FROM dead WHERE block = ?", (number,))}
        ids = mapped(folder / blocks.FOLDER / name / "ids.npy").tolist()
        placed += [(one, label_set) for one in ids if one not in dead]
    placed += _sound_legs(connection)
    wanted = set(
        connection.execute(
            "SELECT passages.id, label_set FROM passages JOIN sources ON sources.id = passages.source"
        )
    )
    # A passage in two places, or among passages with other labels, is as wrong as one in none.
    twice = {one for one, count in _counted(placed).items() if count > 1}
    right = {one for one in placed if one in wanted and one[0] not in twice}
    return Losses(broken, sorted(one for one, _ in wanted - right))


def _is_whole(folder: Path, name: str, digests: str, generation: int, passages: int) -> bool:
    try:
        if blocks.wrong(folder, name, json.loads(digests)):
            return False
        return len(blocks.load(folder, name, generation).rows) == passages
    except (OSError, TypeError, ValueError, WarrantError):
        return False


def _counted(placed: list[tuple[int, int]]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for one, _ in placed:
        counts[one] = counts.get(one, 0) + 1
    return counts


def _sound_legs(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Passage and label set of the rows of the tail that can be what was written."""
    dimensions = read_meta(connection).dimensions
    (highest,) = connection.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()
    rows = connection.execute(
        """SELECT passage, legs.label_set, title_terms, terms, vector FROM legs
        JOIN passages ON passages.id = passage AND passages.source = legs.source ORDER BY passage"""
    )
    return [row[:2] for row in rows if _is_sound(*row[2:], dimensions=dimensions, highest=highest)]


def _is_sound(title_terms: object, terms: object, vector: object, *, dimensions: int, highest: int) -> bool:
    if not (isinstance(title_terms, int) and isinstance(terms, bytes) and isinstance(vector, bytes)):
        return False
    if len(terms) % 4 or not 0 <= title_terms <= len(terms) // 4 or len(vector) != 4 * dimensions:
        return False
    ids = np.frombuffer(terms, np.int32)
    # A vector has norm 1: most of what a flipped bit does to it shows there.
    norm = float(np.linalg.norm(np.frombuffer(vector, np.float32).astype(np.float64)))
    return bool(np.all((ids > 0) & (ids <= highest)) and abs(norm - 1) < 1e-3)


def repair(folder: Path, embedder: Embedder, doubtful: Sequence[int], *, graphs: bool) -> None:
    """Make anew what is lost; of the passages only those are embedded that need it.

    Args:
        folder: Where the index lies.
        embedder: The model that makes its vectors.
        doubtful: Sources that are removed, so that the next `add` reads their files again.
        graphs: Whether Chroma is told everything anew.

    Raises:
        BusyError: another process is writing to the index.
    """
    with reading(folder) as connection:
        lost = losses(folder, connection) if connection else Losses({}, [])
    if graphs:
        with exclusive(folder), guard.exclusive(folder):
            shutil.rmtree(folder / FOLDER)
    with LocalBackend(folder).writing(embedder) as writer:
        # Before anything else, since a block that cannot be read stands in the way of the rest.
        writer.unplace(list(lost.blocks), lost.passages)
        writer.doubt(doubtful)
        for start in range(0, len(lost.passages), BATCH):
            waiting = writer.named(lost.passages[start : start + BATCH])
            writer.mend(waiting, embedder.embed([embedded(one.title, one.text) for one in waiting]))
