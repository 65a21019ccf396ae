"""Reading an index in PostgreSQL: one snapshot of it, as one caller may read it."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.text import terms
from state.passage import UNSCORED, Passage
from tools.index.backend import Proposal
from tools.index.candidates import Candidates, Query
from tools.index.postgres.schema import Meta
from tools.index.postgres.statistics import figures, scores
from tools.index.postgres.writer import text_of
from tools.index.similarity import cosines
from tools.index.sparse import K1, B

if TYPE_CHECKING:
    from psycopg import Connection

MATCHES = 50_000
"""Passages that BM25 scores for one query: from the rarest terms on, as many terms as fit."""
GRAPH_BREADTH = 100
MARGIN = 16
"""Passages that a leg proposes beyond those that are asked for: the server's sums may differ in their last
bits, so that what comes close to the last place is ranked by our own."""

COLUMNS = """SELECT passages.id, passages.name, passages.text, sources.source, passages.title, passages.first,
    passages.last, passages.digest, labels, changed_at, read_at
    FROM passages JOIN sources ON sources.id = passages.source
    JOIN label_sets ON label_sets.id = passages.label_set JOIN files ON files.path = file"""


class _Legs(NamedTuple):
    """The numbers of passages that may be the best of each leg, and some more."""

    sparse: list[int]
    dense: list[int]


class _Found(NamedTuple):
    """Passages as arrays whose rows are aligned; see `Candidates`."""

    ids: NDArray[np.int64]
    sources: NDArray[np.int64]
    positions: NDArray[np.int32]
    terms: list[NDArray[np.int32]]
    title_terms: NDArray[np.int32]
    vectors: NDArray[np.float32]


class PostgresReader:
    """See `tools.index.backend.Reader`; it holds a transaction that sees one version."""

    def __init__(
        self, connection: "Connection[Any]", meta: Meta, held: frozenset[str], exact_below: int
    ) -> None:
        self._db = connection
        self._meta = meta
        self._figures = figures(connection, sorted(held))
        self._exact = self._figures.passages < exact_below

    def propose(self, query: str, vector: NDArray[np.float32], count: int) -> Proposal | None:
        """The best `count` passages of each leg, and those beside them; None if there is nothing to read."""
        if not self._figures.passages:
            return None
        asked = self._asked(query, vector)
        legs = _Legs(self._sparse(asked, count + MARGIN), self._dense(vector, count + MARGIN))
        return Proposal(asked, self._candidates(asked, legs, count))

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """These passages, in this order, without scores."""
        rows = self._db.execute(
            f"{COLUMNS} WHERE passages.id = ANY(%s) AND passages.label_set = ANY(%s)",
            (list(ids), self._figures.label_sets),
        ).fetchall()
        found = {row[0]: _passage(row) for row in rows}
        return [found[one] for one in ids if one in found]

    def beside(self, id_: int, characters: int) -> list[Passage]:
        """A passage and those around it in its source, in their order, within so many characters of it."""
        rows = self._db.execute(
            f"""{COLUMNS} JOIN passages AS middle ON middle.source = passages.source
            WHERE middle.id = %s AND passages.label_set = ANY(%s)
            AND passages.last >= middle.first - %s AND passages.first <= middle.last + %s
            ORDER BY passages.position""",
            (id_, self._figures.label_sets, characters, characters),
        ).fetchall()
        return [_passage(row) for row in rows]

    def rules(self) -> str:
        """Digest of the label rules that were applied; empty for none."""
        return self._meta.rules

    def source_text(self, source: str) -> str | None:
        """The extracted text of a source; None if there is none that the caller may read."""
        row = self._db.execute(
            "SELECT id, rest FROM sources WHERE source = %s AND label_set = ANY(%s)",
            (source, self._figures.label_sets),
        ).fetchone()
        if row is None:
            return None
        parts = self._db.execute(
            "SELECT lead || text FROM passages WHERE source = %s ORDER BY position", (row[0],)
        ).fetchall()
        return "".join(part for (part,) in parts) + str(row[1])

    def _asked(self, query: str, vector: NDArray[np.float32]) -> Query:
        words = terms(query)
        rows = self._db.execute("SELECT term, id FROM terms WHERE term = ANY(%s)", (words,)).fetchall()
        numbers: dict[str, int] = dict(rows)
        idf = self._figures.idf(self._figures.frequencies(list(numbers.values())))
        sequence = [number if (number := numbers.get(word, 0)) in idf else 0 for word in words]
        return Query(
            query,
            vector,
            np.array(sequence, np.int32),
            np.array([idf.get(number, 0.0) for number in sequence], np.float64),
        )

    def _sparse(self, asked: Query, count: int) -> list[int]:
        """The passages of the highest BM25 scores."""
        times = Counter(asked.terms[asked.terms > 0].tolist())
        if not times:
            return []
        weights = dict(zip(asked.terms.tolist(), asked.idf.tolist(), strict=True))
        rows = self._db.execute(
            """WITH asked (term, weight) AS (SELECT * FROM unnest(%(terms)s::text[], %(weights)s::float8[]))
            SELECT id, sum(weight * tf * %(most)s / (tf + %(short)s + %(long)s * length)) AS score
            FROM (
                SELECT id, cardinality(terms) AS length, weight, cardinality(word.positions)::float8 AS tf
                FROM passages, LATERAL unnest(lexemes) AS word JOIN asked ON asked.term = word.lexeme
                WHERE lexemes @@ %(match)s::tsquery AND label_set = ANY(%(sets)s)
            ) AS found
            GROUP BY id ORDER BY score DESC, id LIMIT %(count)s""",
            {
                "terms": [str(term) for term in times],
                "weights": [times[term] * weights[term] for term in times],
                "most": K1 + 1,
                "short": K1 * (1 - B),
                "long": K1 * B / self._figures.mean_length,
                "match": " | ".join(f"'{term}'" for term in self._matched(list(times))),
                "sets": self._figures.label_sets,
                "count": count,
            },
        ).fetchall()
        return [id_ for id_, _ in rows]

    def _matched(self, numbers: list[int]) -> list[int]:
        """The rarest of these terms, as many as lead to MATCHES passages, and one at least."""
        found = self._figures.frequencies(numbers)
        rare = sorted(numbers, key=lambda number: found[number])
        total = 0
        taken: list[int] = []
        for number in rare:
            total += found[number]
            if taken and total > MATCHES:
                break
            taken.append(number)
        return taken

    def _dense(self, vector: NDArray[np.float32], count: int) -> list[int]:
        """The passages of the highest cosine similarities."""
        exact = self._exact or count > GRAPH_BREADTH * 10
        self._db.execute(f"SET LOCAL enable_indexscan = {'off' if exact else 'on'}")
        if not exact:
            self._db.execute(f"SET LOCAL hnsw.ef_search = {max(count, GRAPH_BREADTH)}")
            self._db.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        rows = self._db.execute(
            f"SELECT passage FROM {self._meta.vectors} WHERE label_set = ANY(%s) "
            f"ORDER BY vector <=> %s::vector{', passage' if exact else ''} LIMIT %s",
            (self._figures.label_sets, text_of(vector), count),
        ).fetchall()
        self._db.execute("SET LOCAL enable_indexscan = on")
        return [id_ for (id_,) in rows]

    def _candidates(self, asked: Query, legs: _Legs, count: int) -> Candidates:
        """The best of each leg by our own arithmetic, and those beside them."""
        found = self._found(sorted({*legs.sparse, *legs.dense}))
        sparse = scores(found.terms, asked.terms.tolist(), asked.idf.tolist(), self._figures.mean_length)
        dense = cosines(found.vectors, asked.vector)
        sparse_rank = _ranks(found.ids, sparse, legs.sparse, count)
        dense_rank = _ranks(found.ids, dense, legs.dense, count)
        kept = np.flatnonzero(_beside(found, (sparse_rank > 0) | (dense_rank > 0)))
        return Candidates(
            ids=found.ids[kept],
            sources=found.sources[kept],
            positions=found.positions[kept],
            sparse=sparse[kept],
            dense=dense[kept].astype(np.float32),
            sparse_rank=sparse_rank[kept],
            dense_rank=dense_rank[kept],
            vectors=found.vectors[kept],
            terms=[found.terms[row] for row in kept.tolist()],
            title_terms=found.title_terms[kept],
            mean_length=self._figures.mean_length,
            idf=self._figures.looked_up,
        )

    def _found(self, ids: list[int]) -> _Found:
        """These passages and those beside them, in the order of their numbers."""
        rows = self._db.execute(
            f"""SELECT passages.id, source, position, terms, title_terms, vector_send(vector)
            FROM passages JOIN {self._meta.vectors} ON passage = passages.id
            WHERE (source, position) IN (
                SELECT source, position + beside FROM passages, unnest(ARRAY[-1, 0, 1]) AS beside
                WHERE id = ANY(%s)
            ) ORDER BY passages.id""",
            (ids,),
        ).fetchall()
        # pgvector sends two 16-bit numbers, then the values, all big-endian.
        values = [np.frombuffer(row[5], ">f4", offset=4) for row in rows]
        return _Found(
            ids=np.array([row[0] for row in rows], np.int64),
            sources=np.array([row[1] for row in rows], np.int64),
            positions=np.array([row[2] for row in rows], np.int32),
            terms=[np.array(row[3], np.int32) for row in rows],
            title_terms=np.array([row[4] for row in rows], np.int32),
            vectors=np.array(values, np.float32).reshape(len(rows), self._meta.dimensions),
        )


def _ranks(
    ids: NDArray[np.int64], scores: NDArray[np.float64], proposed: list[int], count: int
) -> NDArray[np.int32]:
    """The ranks of the best of those that were proposed; of equal scores the smaller id comes first."""
    rows = np.searchsorted(ids, np.array(sorted(proposed), np.int64))
    best = rows[np.argsort(-scores[rows], kind="stable")][:count]
    ranks = np.zeros(len(ids), np.int32)
    ranks[best] = np.arange(1, len(best) + 1)
    return ranks


def _beside(found: _Found, ranked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows have a rank, or stand next to one of the same source that has."""
    places = (found.sources << 32) + found.positions
    best = places[ranked]
    return np.isin(places, np.concatenate([best - 1, best, best + 1]))


def _passage(row: Sequence[Any]) -> Passage:
    return Passage(
        id=row[1],
        text=row[2],
        source=row[3],
        title=tuple(row[4]),
        start=row[5],
        end=row[6],
        digest=row[7],
        labels=tuple(row[8]),
        changed_at=row[9] or None,
        read_at=row[10] or None,
        scores=UNSCORED,
    )
