"""Making anew what was lost with a block, from the texts of the catalogue."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from models.embeddings.names import Embedder
from tools.index.chunks import embedded
from tools.index.local.catalogue import read_meta
from tools.index.local.check import damaged, known, placed
from tools.index.local.shelf import Shelf
from tools.index.local.sources import Sources, analysed

BATCH = 256

LOST = """SELECT id, source, title, text,
    (SELECT label_set FROM sources WHERE sources.id = passages.source),
    (SELECT count(*) FROM passages AS before
        WHERE before.source = passages.source AND before.id < passages.id)
FROM passages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"""


def repair(
    folder: Path,
    connection: sqlite3.Connection,
    changing: Callable[[], AbstractContextManager[None]],
    sources: Sources,
    embedder: Embedder,
) -> int:
    """Give up damaged blocks and analyse and embed their passages again; returns how many those were."""
    numbers = [(number,) for number, _ in damaged(folder, connection)]
    with changing():
        connection.executemany("DELETE FROM blocks WHERE id = ?", numbers)
        connection.executemany("DELETE FROM dead WHERE block = ?", numbers)
        # What Chroma knows of them is no longer known.
        connection.execute("UPDATE blocks SET told = 0")
        connection.execute("DELETE FROM due")
    shelf = Shelf(folder)
    parts = shelf.parts(connection, read_meta(connection), None)
    lost = np.setdiff1d(known(connection), placed(connection, parts))
    shelf.close()
    for start in range(0, len(lost), BATCH):
        ids = json.dumps(lost[start : start + BATCH].tolist())
        rows = connection.execute(LOST, (ids,)).fetchall()
        titles = [tuple(json.loads(row[2])) for row in rows]
        vectors = embedder.embed([embedded(title, row[3]) for title, row in zip(titles, rows, strict=True)])
        with changing():
            for (id_, source, _, text, label_set, position), title, vector in zip(
                rows, titles, vectors, strict=True
            ):
                found = analysed(title, text)
                numbered = sources.numbers(found.terms).tobytes()
                connection.execute(
                    "INSERT INTO legs VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(id_, label_set, source, position, found.title_terms, numbered),
                        vector.astype(np.float32).tobytes(),
                    ),
                )
    return len(lost)
