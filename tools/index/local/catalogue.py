"""The catalogue of an index: one SQLite file that is its truth."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from state.errors import UsageError, WarrantError
from tools.index.errors import DamagedError
from tools.index.local.lasting import Lasting

NAME = "catalogue.db"
FORMAT = "3"
BUSY_SECONDS = 10.0

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- digest is empty until the file is read to its end without an error; name begins the names of its sources;
-- given are the labels that it has from outside (a sidecar, path rules); times are ISO 8601 in UTC
CREATE TABLE files (
    path TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, error TEXT NOT NULL,
    given TEXT NOT NULL, size INTEGER NOT NULL, modified TEXT NOT NULL, read_at TEXT NOT NULL
);
CREATE TABLE label_sets (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
-- own are the labels that the document states; label_set has those given to its file besides;
-- rest is the text behind the last passage
CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, file TEXT NOT NULL,
    digest TEXT NOT NULL, own TEXT NOT NULL, label_set INTEGER NOT NULL, changed_at TEXT NOT NULL,
    rest TEXT NOT NULL
);
CREATE INDEX sources_by_file ON sources (file);
-- ids are never used twice, so that a dead one stays dead; those of a source follow one another;
-- lead is the text between the passage before and this one
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, source INTEGER NOT NULL, title TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, digest TEXT NOT NULL, lead TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX passages_by_source ON passages (source);
-- the tail: what is searched and lies in no block yet; terms are numbers in the order of what was embedded,
-- of which the first title_terms are of headings
CREATE TABLE legs (
    passage INTEGER PRIMARY KEY, label_set INTEGER NOT NULL, source INTEGER NOT NULL,
    position INTEGER NOT NULL, title_terms INTEGER NOT NULL, terms BLOB NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX legs_by_label_set ON legs (label_set);
-- folders under blocks/: the passages with ids from first to last that were folded together;
-- dead counts those of its rows that are no longer there, told those that Chroma knows, from the first on;
-- digests are those of its files
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, folder TEXT NOT NULL UNIQUE, label_set INTEGER NOT NULL,
    passages INTEGER NOT NULL, dead INTEGER NOT NULL, told INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, digests TEXT NOT NULL
);
CREATE TABLE dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT, block INTEGER NOT NULL, passage INTEGER NOT NULL,
    UNIQUE (block, passage)
);
CREATE TABLE terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE);
-- vectors of another embedding model, until there is one for each passage
CREATE TABLE staged (passage INTEGER PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL);
-- folders that were added as a whole
CREATE TABLE roots (path TEXT PRIMARY KEY) WITHOUT ROWID;
-- passages that Chroma still holds among those of a label set, and is to drop
CREATE TABLE due (label_set INTEGER NOT NULL, passage INTEGER NOT NULL, PRIMARY KEY (label_set, passage))
    WITHOUT ROWID;
"""


DERIVED = ("vectors", "blocks")
"""Folders that are never made before the catalogue."""


class Meta(NamedTuple):
    """What an index remembers about itself."""

    build: str
    """Differs between an index and its rebuilt successor."""
    version: int
    """Counts the changes of the catalogue."""
    told: int
    """Counts the changes of Chroma."""
    embedding: str
    dimensions: int
    rules: str
    """Digest of the label rules that were applied; empty for none."""
    generation: int
    """Counts the embedding models that it has had."""
    graphs: str
    """Where the vectors are that Chroma was told: empty for the index's own folder, else a URL."""


def lasting(folder: Path) -> Lasting:
    """Connections that read the catalogue."""
    return Lasting(folder / NAME, "ro", BUSY_SECONDS)


def check_lost(folder: Path) -> None:
    """Tell an index that lost its catalogue from one that was never begun.

    Raises:
        DamagedError: there is something that only a catalogue can have led to.
    """
    if any((folder / name).exists() for name in DERIVED):
        raise DamagedError(f"The index in {folder} has lost its {NAME}.")


@contextmanager
def reading(folder: Path, kept: Lasting | None = None) -> Iterator[sqlite3.Connection | None]:
    """One consistent view of the catalogue, whatever others write meanwhile; None if there is none yet.

    Args:
        folder: Of the index.
        kept: Has connections from earlier times, and gets this one; otherwise it is closed.

    Raises:
        WarrantError: it is damaged or cannot be opened.
    """
    with reported(folder), ExitStack() as stack:
        if (folder / NAME).is_file():
            own = kept or stack.enter_context(closing(lasting(folder)))
            connection = stack.enter_context(own.lent())
            connection.execute("BEGIN")
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'due'").fetchone():
                yield connection
                return
        check_lost(folder)
        yield None


@contextmanager
def reported(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into an error with its way out."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            raise DamagedError(f"The index in {folder} is damaged: {error}.") from error
        raise _unusable(folder, error) from error
    except UnicodeDecodeError as error:  # by the sqlite3 module, where SQLite quotes what is damaged
        raise DamagedError(f"The index in {folder} is damaged: {error}.") from error
    except OSError as error:
        raise _unusable(folder, error) from error


@contextmanager
def legible() -> Iterator[None]:
    """What cannot be parsed is damage: inside `reported` it becomes a DamagedError."""
    try:
        yield
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a value cannot be read ({error})") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the content is wrong, not the circumstances (a lock, a full disk, permissions)."""
    said = str(error)
    return not isinstance(error, sqlite3.OperationalError) or said.startswith(("no such", "Could not decode"))


def _unusable(folder: Path, error: Exception) -> WarrantError:
    return WarrantError(
        f"The index in {folder} cannot be used: {error}.",
        "Check its permissions and the free space; `warrant index add` then goes on where it stopped.",
    )


def read_meta(connection: sqlite3.Connection) -> Meta:
    """What the index remembers.

    Raises:
        UsageError: another version of Warrant wrote it.
    """
    values = dict(connection.execute("SELECT key, value FROM meta"))
    with legible():
        if values["format"] != FORMAT:
            raise UsageError(
                f"The index was written by another version of Warrant (format {values['format']}, "
                f"not {FORMAT}).",
                "Move it away and index your documents again: `warrant index add PATH`.",
            )
        return Meta(
            values["build"],
            int(values["version"]),
            int(values["told"]),
            values["embedding"],
            int(values["dimensions"]),
            values["rules"],
            int(values["generation"]),
            values["graphs"],
        )


def label_sets(connection: sqlite3.Connection) -> dict[int, frozenset[str]]:
    """Every combination of ACL labels that occurs, by its number."""
    with legible():
        return {
            number: frozenset(json.loads(labels))
            for number, labels in connection.execute("SELECT id, labels FROM label_sets")
        }
