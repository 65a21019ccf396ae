"""What an index can make anew from its catalogue if it is lost: terms and vectors, in blocks and the tail."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError
from tools.index.local import blocks
from tools.index.local.catalogue import NAME, read_meta
from tools.index.local.columns import mapped
from tools.index.local.fault import Fault


@dataclass(frozen=True)
class Losses:
    """What is to be made anew."""

    blocks: dict[int, str]
    """Number and folder of blocks of which a file is missing or damaged."""
    passages: list[int]
    """Passages that can be found no longer, or otherwise than they should, or that were removed."""


def faults(lost: Losses) -> Iterator[Fault]:
    """Losses, for people."""
    for name in lost.blocks.values():
        part = f"{blocks.FOLDER}/{name}"
        yield Fault(part=part, problem="Files of it are missing or damaged.", repairable=True)
    if lost.passages:
        problem = f"Terms or vectors of {len(lost.passages)} passages are damaged or missing."
        yield Fault(part=NAME, problem=problem, repairable=True)


def losses(folder: Path, connection: sqlite3.Connection) -> Losses:
    """Compare blocks with their digests, and the place of every passage with its source."""
    broken: dict[int, str] = {}
    placed = [_pairs(_sound_legs(connection))]
    generation = read_meta(connection).generation
    for number, name, label_set, digests, passages in connection.execute(
        "SELECT id, folder, label_set, digests, passages FROM blocks"
    ).fetchall():
        if not _is_whole(folder, name, digests, generation, passages):
            broken[number] = name
            continue
        dead = [one for (one,) in connection.execute("SELECT passage FROM dead WHERE block = ?", (number,))]
        ids = mapped(folder / blocks.FOLDER / name / "ids.npy")
        live = ids[~np.isin(ids, np.array(dead, np.int64))]
        placed.append(np.stack([live, np.full_like(live, label_set)], axis=1))
    strays = connection.execute("SELECT passage FROM legs WHERE passage NOT IN (SELECT id FROM passages)")
    misplaced = _misplaced(np.concatenate(placed), connection)
    return Losses(broken, sorted({*misplaced.tolist(), *(one for (one,) in strays)}))


def _misplaced(placed: NDArray[np.int64], connection: sqlite3.Connection) -> NDArray[np.int64]:
    """Passages that are not in one place, among those with their labels; and places of none.

    Args:
        placed: Shape (n, 2): the passage and the label set of every place.
        connection: The catalogue.
    """
    query = """SELECT passages.id, label_set FROM passages
        JOIN sources ON sources.id = passages.source ORDER BY passages.id"""
    wanted = _pairs(connection.execute(query).fetchall())
    ids, counts = np.unique(placed[:, 0], return_counts=True)
    rows = np.searchsorted(wanted[:, 0], placed[:, 0])
    there = rows < len(wanted)
    right = there.copy()
    right[there] = (wanted[rows[there]] == placed[there]).all(axis=1)
    right &= ~np.isin(placed[:, 0], ids[counts > 1])
    lost = np.setdiff1d(wanted[:, 0], placed[right, 0])
    return np.union1d(lost, np.setdiff1d(ids, wanted[:, 0]))


def _pairs(rows: list[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, 2)


def _is_whole(folder: Path, name: str, digests: str, generation: int, passages: int) -> bool:
    try:
        if blocks.wrong(folder, name, json.loads(digests)):
            return False
        return len(blocks.load(folder, name, generation).rows) == passages
    except (OSError, TypeError, ValueError, WarrantError):
        return False


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
