"""Finding what is damaged in an index; `tools.index.local.repair` makes it good."""

import json
import sqlite3
from collections.abc import Iterator

from state.canonical import digest_text
from tools.index.errors import DamagedError
from tools.index.local import losses
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import NAME, read_meta, reading
from tools.index.local.fault import Fault
from tools.index.local.lock import exclusive
from tools.index.local.probe import probe

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


def check(index: LocalBackend) -> list[Fault]:
    """Everything that is wrong with an index; nothing is written.

    Raises:
        BusyError: another process is writing to the index.
        UsageError: another version of Warrant wrote it.
        WarrantError: it, or its Chroma server, cannot be opened for a reason that is not in its content.
    """
    if not index.folder.is_dir():
        return []
    with exclusive(index.folder):
        try:
            with reading(index.folder) as connection:
                return list(_faults(index, connection)) if connection else []
        except DamagedError as error:
            return [Fault(part=NAME, problem=error.message, repairable=False)]


def _faults(index: LocalBackend, connection: sqlite3.Connection) -> Iterator[Fault]:
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
    lost = losses.losses(index.folder, connection)
    yield from losses.faults(lost)
    if not lost.blocks:
        yield from probe(index.folder, index.chroma_url)


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
