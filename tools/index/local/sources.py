"""Sources in the catalogue: their passages and terms written, removed, and given other labels."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from state.canonical import digest_text
from tools.index.analysis import analysed, name_of
from tools.index.local.catalogue import legible
from tools.index.local.placing import Placing
from tools.index.records import Entry, Waiting

KNOWN_TERMS = 500_000
"""Term numbers that a writer keeps in memory."""


class Sources:
    """Changes sources inside the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection, placing: Placing) -> None:
        self._db = connection
        self._placing = placing
        self._terms: dict[str, int] = {}

    def insert(self, entry: Entry) -> None:
        """Write a source that is not there; its passages go into the tail."""
        document = entry.document
        given = self._db.execute("SELECT given FROM files WHERE path = ?", (entry.file,)).fetchone()
        with legible():
            outside = json.loads(given[0])
        labels = self._label_set(document.labels, outside)
        end = max((chunk.end for chunk in entry.chunks), default=0)
        source = self._db.execute(
            """INSERT INTO sources (source, file, digest, own, label_set, changed_at, rest)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                *(document.source, entry.file, document.digest(), json.dumps(list(document.labels))),
                *(labels, entry.modified, document.text[end:]),
            ),
        ).lastrowid
        passages, legs = [], []
        reached = 0
        for position, (id_, chunk) in enumerate(zip(self._ids(len(entry.chunks)), entry.chunks, strict=True)):
            text = document.text[chunk.start : chunk.end]
            lead = document.text[reached : chunk.start]
            reached = max(reached, chunk.end)
            name = name_of(document.source, chunk.start, text)
            title = json.dumps(chunk.title)
            passages.append((id_, name, source, title, chunk.start, chunk.end, digest_text(text), lead, text))
            legs.append(
                (id_, labels, source, position, *self._leg(chunk.title, text, entry.vectors[position]))
            )
        self._db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", passages)
        self._db.executemany("INSERT INTO legs VALUES (?, ?, ?, ?, ?, ?, ?)", legs)

    def drop(self, where: str, value: str) -> int:
        """Remove the sources for which a condition holds; returns how many there were."""
        inner = f"SELECT id FROM sources WHERE {where}"
        for label_set, ids in self._passages(where, value).items():
            self._placing.drop(label_set, ids)
        self._db.execute(f"DELETE FROM passages WHERE source IN ({inner})", (value,))
        return self._db.execute(f"DELETE FROM sources WHERE {where}", (value,)).rowcount

    def relabel(self, file: str, given: Iterable[str]) -> int:
        """Give the sources of a file these labels beside their own; returns how many changed."""
        rows = self._db.execute("SELECT id, own, label_set FROM sources WHERE file = ?", (file,)).fetchall()
        moved: dict[tuple[int, int], list[int]] = defaultdict(list)
        with legible():
            read = [(source, json.loads(own), before) for source, own, before in rows]
        for source, own, before in read:
            if (after := self._label_set(own, given)) != before:
                moved[before, after].append(source)
        for (before, after), sources in moved.items():
            inner = "SELECT value FROM json_each(?)"
            ids = self._db.execute(
                f"SELECT id FROM passages WHERE source IN ({inner}) ORDER BY id", (json.dumps(sources),)
            ).fetchall()
            self._placing.move(before, np.array([row[0] for row in ids], np.int64), after)
            self._db.execute(
                f"UPDATE sources SET label_set = ? WHERE id IN ({inner})", (after, json.dumps(sources))
            )
        return sum(map(len, moved.values()))

    def unplace(self, passages: Sequence[int]) -> None:
        """Take passages out of what is searched, wherever they lie."""
        self._placing.unplace(np.array(sorted(passages), np.int64))

    def place(self, passage: Waiting, vector: NDArray[np.float32]) -> None:
        """Put a passage that is in no place into the tail."""
        source, labels, position = self._db.execute(
            """SELECT source, (SELECT label_set FROM sources WHERE id = one.source),
                (SELECT count(*) FROM passages WHERE source = one.source AND id < one.id)
            FROM passages AS one WHERE id = ?""",
            (passage.passage,),
        ).fetchone()
        leg = self._leg(passage.title, passage.text, vector)
        self._db.execute(
            "INSERT INTO legs VALUES (?, ?, ?, ?, ?, ?, ?)", (passage.passage, labels, source, position, *leg)
        )

    def numbers(self, found: Iterable[str]) -> NDArray[np.int32]:
        """The numbers of terms in their order; new ones get one."""
        return np.array([self._terms.get(term) or self._term(term) for term in found], np.int32)

    def _leg(
        self, title: tuple[str, ...], text: str, vector: NDArray[np.float32]
    ) -> tuple[int, bytes, bytes]:
        found = analysed(title, text)
        return found.title_terms, self.numbers(found.terms).tobytes(), vector.astype(np.float32).tobytes()

    def _ids(self, count: int) -> range:
        """Ids that no passage ever had."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
        first = (row[0] if row else 0) + 1
        return range(first, first + count)

    def _passages(self, where: str, value: str) -> dict[int, NDArray[np.int64]]:
        rows = self._db.execute(
            f"""SELECT label_set, passages.id FROM passages JOIN sources ON sources.id = passages.source
            WHERE {where.replace("source =", "sources.source =")} ORDER BY passages.id""",
            (value,),
        )
        found: dict[int, list[int]] = defaultdict(list)
        for label_set, id_ in rows:
            found[label_set].append(id_)
        return {label_set: np.array(ids, np.int64) for label_set, ids in found.items()}

    def _label_set(self, own: Iterable[str], given: Iterable[str]) -> int:
        return self._number("label_sets", "labels", json.dumps(sorted({*own, *given})))

    def _term(self, term: str) -> int:
        if len(self._terms) >= KNOWN_TERMS:
            self._terms.clear()
        number = self._terms[term] = self._number("terms", "term", term)
        return number

    def _number(self, table: str, column: str, value: str) -> int:
        """The number of a term or label set, a new one if it has none."""
        row = self._db.execute(f"SELECT id FROM {table} WHERE {column} = ?", (value,)).fetchone()
        if row:
            return int(row[0])
        return int(self._db.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (value,)).lastrowid or 0)
