"""Writing to an index in PostgreSQL: one writer at a time, each method in one transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from state.canonical import digest_text
from tools.index.analysis import analysed, name_of
from tools.index.postgres.holdings import roots
from tools.index.postgres.schema import Meta, read_meta, vectors
from tools.index.records import Entry, Finished, Known, Waiting

if TYPE_CHECKING:
    from psycopg import Connection


class PostgresWriter:
    """See `tools.index.backend.Writer`."""

    def __init__(self, connection: "Connection[Any]", schema: str) -> None:
        self._db = connection
        self._schema = schema

    def known(self, path: Path) -> Known | None:
        """What is known of a file; None if it was never indexed."""
        row = self._db.execute(
            "SELECT name, digest, given FROM files WHERE path = %s", (str(path),)
        ).fetchone()
        return Known(row[0], row[1], tuple(row[2])) if row else None

    def is_free(self, name: str) -> bool:
        """Whether no file has this name yet."""
        return not self._db.execute("SELECT 1 FROM files WHERE name = %s", (name,)).fetchone()

    def paths(self) -> list[Path]:
        """Every file that is known."""
        return [
            Path(path) for (path,) in self._db.execute('SELECT path FROM files ORDER BY path COLLATE "C"')
        ]

    def digests(self, path: Path) -> dict[str, str]:
        """The sources of a file and their digests."""
        return dict(
            self._db.execute("SELECT source, digest FROM sources WHERE file = %s", (str(path),)).fetchall()
        )

    def register(self, path: Path, name: str, given: Sequence[str] = ()) -> None:
        """Take up a file, so that its sources have a name and its labels whatever happens next."""
        with self._changing():
            self._db.execute(
                "INSERT INTO files VALUES (%s, %s, '', '', %s, 0, '', '')", (str(path), name, sorted(given))
            )

    def relabel(self, path: Path, given: Sequence[str]) -> int:
        """Give a known file other labels beside those of its sources; returns how many sources changed."""
        changed = 0
        with self._changing():
            self._db.execute("UPDATE files SET given = %s WHERE path = %s", (sorted(given), str(path)))
            rows = self._db.execute(
                "SELECT id, own, label_set FROM sources WHERE file = %s", (str(path),)
            ).fetchall()
            for source, own, before in rows:
                if (after := self._label_set(own, given)) != before:
                    self._move(source, before, after)
                    changed += 1
        return changed

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        return roots(self._db)

    def set_roots(self, folders: Sequence[Path]) -> None:
        """Remember these folders instead of those that were."""
        if list(folders) == self.roots():
            return
        with self._db.transaction():
            self._db.execute("DELETE FROM roots")
            self._db.cursor().executemany(
                "INSERT INTO roots VALUES (%s)", [(str(folder),) for folder in folders]
            )

    def rules(self) -> str:
        """Digest of the label rules that were applied last; empty for none."""
        return self._meta().rules

    def applied(self, rules: str) -> None:
        """Remember that every file has the labels of these rules."""
        with self._changing():
            self._keep("rules", rules)

    def write(self, entries: Iterable[Entry], finished: Iterable[Finished]) -> int:
        """Replace sources and close files, all or nothing; returns how many sources were removed."""
        entries, finished = list(entries), list(finished)
        if not entries and all(file.sources is None for file in finished):
            with self._db.transaction():
                return sum(self._finish(file) for file in finished)
        with self._changing():
            for entry in entries:
                self._drop("source = %s", entry.document.source)
                self._insert(entry)
            return sum(self._finish(file) for file in finished)

    def forget(self, path: Path) -> int:
        """Remove a file; returns how many sources it had."""
        with self._changing():
            removed = self._drop("file = %s", str(path))
            self._db.execute("DELETE FROM files WHERE path = %s", (str(path),))
        return removed

    def waiting(self, model: str, count: int) -> list[Waiting]:
        """Passages that have no vector of this model yet; none if the index was made with it."""
        meta = self._meta()
        if meta.embedding == model:
            return []
        staged = self._staged(model)
        condition = f"WHERE id NOT IN (SELECT passage FROM {staged})" if staged else ""
        rows = self._db.execute(
            f"SELECT id, title, text FROM passages {condition} ORDER BY id LIMIT %s", (count,)
        )
        return [Waiting(passage, tuple(title), text) for passage, title, text in rows]

    def stage(self, model: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep vectors of another model beside those that are searched."""
        with self._db.transaction():
            table = self._staged(model) or self._begin(model, vectors.shape[1])
            rows = [(text_of(vector), one) for one, vector in zip(passages, vectors, strict=True)]
            self._db.cursor().executemany(
                f"INSERT INTO {table} SELECT id, label_set, %s::vector FROM passages WHERE id = %s", rows
            )

    def adopt(self, embedder: Embedder) -> None:
        """Search with the staged vectors from now on, all at once."""
        meta = self._meta()
        if meta.embedding == embedder.name:
            return
        with self._changing():
            table = self._staged(embedder.name) or self._begin(embedder.name, embedder.dimensions)
            self._keep("generation", table.removeprefix("vectors_"))
            self._keep("embedding", embedder.name)
            self._keep("dimensions", str(embedder.dimensions))
            self._db.execute("DELETE FROM meta WHERE key IN ('staged', 'staged_model')")

    def settle(self) -> None:
        """Drop vectors that are searched no longer, once no reader holds them."""
        kept = {self._meta().vectors, *self._named("staged")}
        found = self._db.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename ~ '^vectors_[0-9]+$'",
            (self._schema,),
        ).fetchall()
        for (table,) in found:
            if table not in kept:
                self._db.execute(f"DROP TABLE {table}")

    def _begin(self, model: str, dimensions: int) -> str:
        """Make the table of a new generation; what another model had staged is dropped."""
        meta = self._meta()
        for table in self._named("staged"):
            self._db.execute(f"DROP TABLE {table}")
        latest = meta._replace(generation=meta.generation + 1, dimensions=dimensions)
        vectors(self._db, latest)
        self._keep("staged", latest.vectors)
        self._keep("staged_model", model)
        return latest.vectors

    def _staged(self, model: str) -> str | None:
        row = self._db.execute(
            """SELECT staged.value FROM meta AS staged, meta AS named
            WHERE staged.key = 'staged' AND named.key = 'staged_model' AND named.value = %s""",
            (model,),
        ).fetchone()
        return str(row[0]) if row else None

    def _named(self, key: str) -> list[str]:
        rows = self._db.execute("SELECT value FROM meta WHERE key = %s", (key,)).fetchall()
        return [value for (value,) in rows]

    def _meta(self) -> Meta:
        meta = read_meta(self._db, self._schema)
        if meta is None:
            raise RuntimeError("the index was dropped while it was written")
        return meta

    def _keep(self, key: str, value: str) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change of what can be found."""
        with self._db.transaction():
            yield
            self._db.execute("UPDATE meta SET value = (value::bigint + 1)::text WHERE key = 'version'")

    def _move(self, source: int, before: int, after: int) -> None:
        """Another label set for a source, its passages and their figures."""
        self._count(source, -1)
        self._db.execute("UPDATE sources SET label_set = %s WHERE id = %s", (after, source))
        self._db.execute("UPDATE passages SET label_set = %s WHERE source = %s", (after, source))
        self._db.execute(
            f"UPDATE {self._meta().vectors} SET label_set = %s WHERE label_set = %s "
            "AND passage IN (SELECT id FROM passages WHERE source = %s)",
            (after, before, source),
        )
        self._count(source, 1)

    def _drop(self, where: str, value: str) -> int:
        sources = [
            id_ for (id_,) in self._db.execute(f"SELECT id FROM sources WHERE {where}", (value,)).fetchall()
        ]
        for source in sources:
            self._count(source, -1)
        inner = "SELECT id FROM passages WHERE source = ANY(%s)"
        self._db.execute(f"DELETE FROM {self._meta().vectors} WHERE passage IN ({inner})", (sources,))
        self._db.execute("DELETE FROM passages WHERE source = ANY(%s)", (sources,))
        self._db.execute("DELETE FROM sources WHERE id = ANY(%s)", (sources,))
        return len(sources)

    def _count(self, source: int, sign: int) -> None:
        """Add what a source holds to the figures of its label set, or take it away."""
        self._db.execute(
            """INSERT INTO sizes
            SELECT label_set, %(sign)s * count(*), %(sign)s * coalesce(sum(cardinality(terms)), 0)
            FROM passages WHERE source = %(source)s GROUP BY label_set
            ON CONFLICT (label_set) DO UPDATE SET passages = sizes.passages + excluded.passages,
                terms = sizes.terms + excluded.terms""",
            {"sign": sign, "source": source},
        )
        self._db.execute(
            """INSERT INTO frequencies
            SELECT label_set, lexeme::integer, %(sign)s * count(*)
            FROM passages, LATERAL unnest(lexemes) WHERE source = %(source)s GROUP BY label_set, lexeme
            ON CONFLICT (label_set, term)
            DO UPDATE SET passages = frequencies.passages + excluded.passages""",
            {"sign": sign, "source": source},
        )
        if sign < 0:
            self._db.execute("DELETE FROM frequencies WHERE passages = 0")
            self._db.execute("DELETE FROM sizes WHERE passages = 0")

    def _insert(self, entry: Entry) -> None:
        document = entry.document
        row = self._db.execute("SELECT given FROM files WHERE path = %s", (entry.file,)).fetchone()
        labels = self._label_set(document.labels, row[0] if row else ())
        behind = document.text[entry.chunks[-1].end :] if entry.chunks else document.text
        made = self._db.execute(
            """INSERT INTO sources (source, file, digest, own, label_set, changed_at, rest)
            VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
            (
                *(document.source, entry.file, document.digest(), list(document.labels)),
                *(labels, entry.modified, behind),
            ),
        ).fetchone()
        source = made[0] if made else 0
        texts = [document.text[chunk.start : chunk.end] for chunk in entry.chunks]
        words = [analysed(chunk.title, text) for chunk, text in zip(entry.chunks, texts, strict=True)]
        numbers = self._numbers({term for each in words for term in each.terms})
        table = self._meta().vectors
        reached = 0
        for position, (chunk, text, each) in enumerate(zip(entry.chunks, texts, words, strict=True)):
            lead = document.text[reached : chunk.start]
            reached = chunk.end
            sequence = [numbers[term] for term in each.terms]
            found = self._db.execute(
                """INSERT INTO passages (name, source, position, label_set, title, first, last, digest, lead,
                    text, terms, title_terms, lexemes)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::tsvector) RETURNING id""",
                (
                    *(
                        name_of(document.source, chunk.start, text),
                        source,
                        position,
                        labels,
                        list(chunk.title),
                    ),
                    *(chunk.start, chunk.end, digest_text(text), lead, text),
                    *(sequence, each.title_terms, lexemes(sequence)),
                ),
            ).fetchone()
            self._db.execute(
                f"INSERT INTO {table} VALUES (%s, %s, %s::vector)",
                (found[0] if found else 0, labels, text_of(entry.vectors[position])),
            )
        self._count(source, 1)

    def _numbers(self, words: set[str]) -> dict[str, int]:
        """The number of each term; new ones get theirs."""
        ordered = sorted(words)
        self._db.execute(
            "INSERT INTO terms (term) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (ordered,)
        )
        return dict(
            self._db.execute("SELECT term, id FROM terms WHERE term = ANY(%s)", (ordered,)).fetchall()
        )

    def _label_set(self, own: Iterable[str], given: Iterable[str]) -> int:
        labels = sorted({*own, *given})
        self._db.execute("INSERT INTO label_sets (labels) VALUES (%s) ON CONFLICT DO NOTHING", (labels,))
        row = self._db.execute("SELECT id FROM label_sets WHERE labels = %s", (labels,)).fetchone()
        return int(row[0]) if row else 0

    def _finish(self, file: Finished) -> int:
        if file.error and file.sources is None:
            # What it held stays, and so does the time at which that was read.
            self._db.execute(
                "UPDATE files SET digest = %s, error = %s WHERE path = %s",
                (file.digest, file.error, file.path),
            )
            return 0
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.execute(
            """UPDATE files SET digest = %s, error = %s, size = %s, modified = %s, read_at = %s
            WHERE path = %s""",
            (file.digest, file.error, *file.version, now, file.path),
        )
        if file.sources is None:
            return 0
        gone = self.digests(Path(file.path)).keys() - file.sources
        return sum(self._drop("source = %s", source) for source in gone)


def lexemes(sequence: Iterable[int]) -> str:
    """A tsvector of term numbers, with as many positions as a term occurs (at most 255)."""
    counts = Counter(sequence)
    return " ".join(
        f"'{term}':{','.join(map(str, range(1, min(count, 255) + 1)))}" for term, count in counts.items()
    )


def text_of(vector: NDArray[np.float32]) -> str:
    """A vector as pgvector reads it, every bit of it."""
    return "[" + ",".join(map(repr, vector.tolist())) + "]"
