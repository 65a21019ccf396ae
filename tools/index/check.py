"""Finding what is damaged in an index, and making it good from what is not."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from models.embeddings.names import Embedder
from state.canonical import digest_text
from tools.index import derived
from tools.index.errors import DamagedError
from tools.index.fault import Fault
from tools.index.local.catalogue import NAME, read_meta, reading
from tools.index.local.graphs import FOLDER
from tools.index.local.lock import exclusive

SHOWN = 20
"""Lines that SQLite's own check may say."""
LOST = "Restore a snapshot, `warrant index restore FILE --force`, or move the folder away and add all anew."

# What refers to something that must be there.
DANGLING = {
    "passages have no source": "SELECT count(*) FROM passages WHERE source NOT IN (SELECT id FROM sources)",
    "sources have no file": "SELECT count(*) FROM sources WHERE file NOT IN (SELECT path FROM files)",
    "sources have no labels": (
        "SELECT count(*) FROM sources WHERE label_set NOT IN (SELECT id FROM label_sets)"
    ),
}


def check(folder: Path) -> list[Fault]:
    """Everything that is wrong with the index of this folder; nothing is written.

    Raises:
        BusyError: another process is writing to the index.
        UsageError: another version of Warrant wrote it.
        WarrantError: it cannot be opened for a reason that is not in its content.
    """
    if not folder.is_dir():
        return []
    with exclusive(folder):
        try:
            with reading(folder) as connection:
                return list(_faults(folder, connection)) if connection else []
        except DamagedError as error:
            return [Fault(part=NAME, problem=error.message, repairable=False)]


def repair(folder: Path, embedder: Embedder) -> list[Fault]:
    """Make good what can be; returns what was found.

    Sources whose text is damaged are removed, and the next `add` reads their files again.
    """
    found = check(folder)
    if not found or not all(fault.repairable for fault in found):
        return found
    with reading(folder) as connection:
        damaged = damaged_sources(connection) if connection else []
    graphs = any(fault.part == FOLDER for fault in found)
    derived.repair(folder, embedder, damaged, graphs=graphs)
    return found


def _faults(folder: Path, connection: sqlite3.Connection) -> Iterator[Fault]:
    said = [line for (line,) in connection.execute(f"PRAGMA integrity_check({SHOWN})") if line != "ok"]
    if said:
        # What stands in a damaged file is not worth a closer look.
        yield Fault(part=NAME, problem="; ".join(said), repairable=False)
        return
    read_meta(connection)
    for problem, query in DANGLING.items():
        if (count := connection.execute(query).fetchone()[0]) > 0:
            yield Fault(part=NAME, problem=f"{count} {problem}.", repairable=False)
    if damaged := damaged_sources(connection):
        problem = f"{len(damaged)} sources are not what was read."
        yield Fault(part=NAME, problem=problem, repairable=True)
    yield from derived.faults(folder, connection)


def damaged_sources(connection: sqlite3.Connection) -> list[int]:
    """Sources of which something is not what was written, as digests and other places tell."""
    stated = connection.execute(
        "SELECT sources.id, own, labels FROM sources JOIN label_sets ON label_sets.id = label_set"
    )
    damaged = {source for source, own, labels in stated if not _holds(own, labels)}
    texts = connection.execute("SELECT source, title, digest, text FROM passages")
    damaged.update(source for source, *passage in texts if not _is_written(passage))
    return sorted(damaged)


def _holds(own: str, labels: str) -> bool:
    """Whether the labels have all that the source states."""
    try:
        return set(json.loads(own)) <= set(json.loads(labels))
    except (TypeError, ValueError):
        return False


def _is_written(passage: list[str]) -> bool:
    title, digest, text = passage
    try:
        json.loads(title)
        return digest_text(text) == digest
    except (AttributeError, TypeError, ValueError):
        return False
