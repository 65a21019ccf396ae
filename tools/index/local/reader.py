"""Reading one version of the index as one caller may read it."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from models.text import terms
from state.canonical import digest_text
from state.passage import UNSCORED, Passage
from tools.index.backend import Proposal
from tools.index.candidates import Candidates, Query
from tools.index.local import legs
from tools.index.local.catalogue import Meta, legible, read_meta
from tools.index.local.legs import Leg
from tools.index.local.view import Located, View
from tools.index.similarity import cosines

PASSAGES = """SELECT passages.id, name, text, named.source, title, start, "end", passages.digest, label_set,
    changed_at, read_at
FROM passages
JOIN sources AS named ON named.id = passages.source
JOIN (SELECT path, read_at FROM files) ON path = file"""

Nearest = Callable[[View, Meta, NDArray[np.float32], int], Leg]


class LocalReader:
    """A transaction of the catalogue, and what the caller may read of it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        readable: dict[int, frozenset[str]],
        view: Callable[[], View],
        nearest: Nearest,
        beside: Executor,
    ) -> None:
        self._db = connection
        self._readable = readable
        self.view = view
        self._nearest = nearest
        self._beside = beside

    def meta(self) -> Meta:
        """What the index remembers in this version."""
        return read_meta(self._db)

    def rules(self) -> str:
        """Digest of the label rules that were applied; empty for none."""
        return self.meta().rules

    def propose(self, query: str, vector: NDArray[np.float32], count: int) -> Proposal | None:
        """The best `count` passages of each leg, and those beside them; None if there is nothing to read."""
        with legible():
            view = self.view()
            if view.okapi is None:
                return None
            # Beside each other: both spend their time where Python's lock is not held.
            dense = self._beside.submit(self._nearest, view, self.meta(), vector, count)
            asked = self.query(view, query, vector)
            found = legs.sparse(view, asked.terms, asked.idf, count)
            return Proposal(asked, _candidates(view, asked, found, dense.result()))

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """These passages, in this order, without scores."""
        inside = "WHERE passages.id IN (SELECT value FROM json_each(?))"
        found = self._found(f"{PASSAGES} {inside}", json.dumps(list(map(int, ids))))
        with legible():
            return [found[one] for one in ids]

    def beside(self, id_: int, characters: int) -> list[Passage]:
        """A passage and those around it in its source, in their order, within so many characters of it."""
        query = f"""{PASSAGES}
            JOIN (SELECT source AS middle, start AS here, "end" AS there FROM passages WHERE id = ?)
            ON middle = passages.source
            WHERE start >= here - ? AND "end" <= there + ? ORDER BY passages.id"""
        return list(self._found(query, int(id_), characters, characters).values())

    def source_text(self, source: str) -> str | None:
        """The extracted text of a source; None if there is none that the caller may read."""
        row = self._db.execute(
            "SELECT id, label_set, rest FROM sources WHERE source = ?", (source,)
        ).fetchone()
        if row is None or row[1] not in self._readable:
            return None
        pieces: list[str] = []
        reached = 0
        query = 'SELECT start, "end", lead, text FROM passages WHERE source = ? ORDER BY id'
        for start, end, lead, text in self._db.execute(query, row[:1]):
            pieces.append(lead + text if start >= reached else text[reached - start :])
            reached = max(reached, end)
        return "".join([*pieces, row[2]])

    def query(self, view: View, text: str, vector: NDArray[np.float32]) -> Query:
        """A question as this view sees it."""
        words = terms(text)
        known = "SELECT term, id FROM terms WHERE term IN (SELECT value FROM json_each(?))"
        found = dict(self._db.execute(known, (json.dumps(words),)))
        numbers = np.array([found.get(word, 0) for word in words], np.int32)
        frequencies = view.frequency(numbers)
        # A term that stands only in what the caller may not read is as unknown as one that stands nowhere.
        numbers[frequencies == 0] = 0
        return Query(text, vector, numbers, _okapi_idf(view, frequencies))

    def _found(self, query: str, *arguments: str | int) -> dict[int, Passage]:
        with legible():
            return _verified(self._read(query, *arguments))

    def _read(self, query: str, *arguments: str | int) -> dict[int, Passage]:
        return {
            row[0]: Passage(
                id=row[1],
                text=row[2],
                source=row[3],
                title=tuple(json.loads(row[4])),
                start=row[5],
                end=row[6],
                digest=row[7],
                labels=tuple(sorted(self._readable[row[8]])),
                changed_at=row[9] or None,
                read_at=row[10] or None,
                scores=UNSCORED,
            )
            for row in self._db.execute(query, arguments)
            if row[8] in self._readable
        }


def _verified(found: dict[int, Passage]) -> dict[int, Passage]:
    """The passages, each of which must be what was written."""
    for one in found.values():
        if digest_text(one.text) != one.digest:
            raise ValueError(f"passage {one.id} of {one.source}")
    return found


def _okapi_idf(view: View, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.zeros(len(frequencies)) if view.okapi is None else view.okapi.idf(frequencies)


def _candidates(view: View, query: Query, found: legs.Sparse, near: Leg) -> Candidates:
    """Both legs and the passages beside theirs, as arrays."""
    located, sources = _proposed(view, np.union1d(found.leg.ids, near.ids))
    size = len(located.ids)
    positions, titles = np.empty(size, np.int32), np.empty(size, np.int32)
    vectors = np.empty((size, len(query.vector)), np.float32)
    sequences: list[NDArray[np.int32]] = [np.empty(0, np.int32)] * size
    for part, rows, places in view.by_part(located):
        positions[places], titles[places] = part.rows.positions[rows], part.rows.title_terms[rows]
        vectors[places] = part.rows.vectors[rows]
        spans = part.rows.starts[rows], part.rows.starts[rows + 1]
        sequence = part.rows.sequence
        for place, start, end in zip(places.tolist(), *map(np.ndarray.tolist, spans), strict=True):
            sequences[place] = sequence[start:end]
    return Candidates(
        ids=located.ids,
        sources=sources,
        positions=positions,
        sparse=legs.at(found.scores, located),
        dense=cosines(vectors, query.vector).astype(np.float32),
        sparse_rank=_ranks(located.ids, found.leg.ids),
        dense_rank=_ranks(located.ids, near.ids),
        vectors=vectors,
        terms=sequences,
        title_terms=titles,
        mean_length=view.okapi.mean_length if view.okapi else 0.0,
        idf=lambda terms: _okapi_idf(view, view.frequency(terms)),
    )


def _proposed(view: View, ids: NDArray[np.int64]) -> tuple[Located, NDArray[np.int64]]:
    """These passages and those beside them, with their sources."""
    # The passages of a source have ids that follow one another.
    located = view.locate(np.concatenate([ids, ids - 1, ids + 1]))
    sources = np.empty(len(located.ids), np.int64)
    for part, rows, places in view.by_part(located):
        sources[places] = part.rows.sources[rows]
    kept = np.flatnonzero(_beside(located.ids, sources, ids))
    return Located(located.ids[kept], located.parts[kept], located.rows[kept]), sources[kept]


def _beside(
    ids: NDArray[np.int64], sources: NDArray[np.int64], proposed: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which rows were proposed, or stand next to one of the same source that was."""
    kept = np.zeros(len(ids), bool)
    kept[np.searchsorted(ids, proposed)] = True
    next_to = (np.diff(ids) == 1) & (np.diff(sources) == 0)
    beside = kept.copy()
    beside[1:] |= kept[:-1] & next_to
    beside[:-1] |= kept[1:] & next_to
    return beside


def _ranks(ids: NDArray[np.int64], leg: NDArray[np.int64]) -> NDArray[np.int32]:
    ranks = np.zeros(len(ids), np.int32)
    ranks[np.searchsorted(ids, leg)] = np.arange(1, len(leg) + 1)
    return ranks
