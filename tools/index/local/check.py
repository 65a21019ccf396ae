"""Whether an index is whole: its catalogue, the files of its blocks, and where each passage lies."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError
from tools.index.local import blocks, guard
from tools.index.local.catalogue import Meta, read_meta, reading
from tools.index.local.graphs import Graphs
from tools.index.local.shelf import Shelf
from tools.index.local.view import Part


def check(folder: Path, graphs: Graphs) -> list[str]:
    """What is wrong with an index, a sentence each; nothing if it is whole or not there yet.

    Raises:
        WarrantError: the catalogue cannot be read at all.
    """
    with reading(folder) as connection:
        if connection is None:
            return []
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            return [f"The catalogue is damaged: {verdict}."]
        meta = read_meta(connection)
        return list(_wrong(folder, connection, meta, graphs))


def damaged(folder: Path, connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """The numbers of blocks with files that are lost or not as they were written, and what is wrong."""
    found = []
    for number, name, digests in connection.execute("SELECT id, folder, digests FROM blocks").fetchall():
        if files := blocks.wrong(folder, name, json.loads(digests)):
            found.append((number, f"Block {name}: {', '.join(files)} lost or damaged."))
    return found


def placed(connection: sqlite3.Connection, parts: list[Part]) -> NDArray[np.int64]:
    """Every passage in the tail or live in one of these blocks, as often as it is there."""
    tail = np.array([one for (one,) in connection.execute("SELECT passage FROM legs")], np.int64)
    live = [part.rows.ids if part.live is None else part.rows.ids[part.live] for part in parts]
    return np.sort(np.concatenate([tail, *live]))


def known(connection: sqlite3.Connection) -> NDArray[np.int64]:
    """Every passage of the catalogue."""
    ids = connection.execute("SELECT id FROM passages ORDER BY id")
    return np.array([one for (one,) in ids], np.int64)


def _wrong(folder: Path, connection: sqlite3.Connection, meta: Meta, graphs: Graphs) -> Iterator[str]:
    if found := damaged(folder, connection):
        yield from (problem for _, problem in found)
        return
    shelf = Shelf(folder)
    try:
        parts = shelf.parts(connection, meta, None)
    except WarrantError as error:
        yield error.message
        return
    yield from _places(connection, parts)
    yield from _told(folder, meta, parts, graphs)
    shelf.close()


def _places(connection: sqlite3.Connection, parts: list[Part]) -> Iterator[str]:
    there, wanted = placed(connection, parts), known(connection)
    if twice := len(there) - len(np.unique(there)):
        yield f"{twice} passages are searched twice."
    if lost := len(np.setdiff1d(wanted, there)):
        yield f"{lost} passages are not searched."
    if gone := len(np.setdiff1d(there, wanted)):
        yield f"{gone} passages are searched that were removed."
    query = """SELECT passages.id, label_set FROM passages
        JOIN sources ON sources.id = passages.source ORDER BY passages.id"""
    rows = np.array(connection.execute(query).fetchall(), np.int64).reshape(-1, 2)
    if len(rows) != len(wanted):
        yield f"{len(wanted) - len(rows)} passages have no source."
    for part in parts:
        ids = part.rows.ids if part.live is None else part.rows.ids[part.live]
        own = rows[np.isin(rows[:, 0], ids), 1]
        if (own != part.label_set).any():
            yield f"Block {part.folder} holds passages of another label set."
    tail = """SELECT count(*) FROM legs LEFT JOIN sources ON sources.id = legs.source
        WHERE sources.label_set IS NOT legs.label_set"""
    if strays := connection.execute(tail).fetchone()[0]:
        yield f"{strays} passages of the tail have another label set than their source."


def _told(folder: Path, meta: Meta, parts: list[Part], graphs: Graphs) -> Iterator[str]:
    told: dict[int, int] = {}
    for part in parts:
        if part.told:
            live = part.told - int(np.searchsorted(part.dead, part.told))
            told[part.label_set] = told.get(part.label_set, 0) + live
    if not told or meta.graphs != graphs.url:
        return
    with guard.shared(folder, guard.WAIT_SECONDS):
        graphs.close()
        for label_set, rows in told.items():
            if (there := graphs.count(meta, label_set)) < rows:
                yield f"Chroma holds {there} of the {rows} vectors of label set {label_set}."
        graphs.close()
