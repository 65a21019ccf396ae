"""The tables of an index in PostgreSQL, and connections to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from models.embeddings.names import Embedder
from state.errors import UsageError, WarrantError
from tools.index.errors import check_model

if TYPE_CHECKING:
    from psycopg import Connection

FORMAT = "1"
CONNECT_SECONDS = 10
NAME = "warrant_index"
"""Schema that holds the tables."""

# A term's number is its lexeme, so that PostgreSQL's own analyser, which is another one, takes no part.
TABLES = """
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE files (
    path text PRIMARY KEY, name text NOT NULL UNIQUE, digest text NOT NULL, error text NOT NULL,
    given text[] NOT NULL, size bigint NOT NULL, modified text NOT NULL, read_at text NOT NULL
);
CREATE TABLE label_sets (id serial PRIMARY KEY, labels text[] NOT NULL UNIQUE);
CREATE TABLE sources (
    id bigserial PRIMARY KEY, source text NOT NULL UNIQUE, file text NOT NULL, digest text NOT NULL,
    own text[] NOT NULL, label_set integer NOT NULL, changed_at text NOT NULL, rest text NOT NULL
);
CREATE INDEX ON sources (file);
CREATE TABLE passages (
    id bigserial PRIMARY KEY, name text NOT NULL, source bigint NOT NULL, position integer NOT NULL,
    label_set integer NOT NULL, title text[] NOT NULL, first integer NOT NULL, last integer NOT NULL,
    digest text NOT NULL, lead text NOT NULL, text text NOT NULL,
    terms integer[] NOT NULL, title_terms integer NOT NULL, lexemes tsvector NOT NULL
);
CREATE UNIQUE INDEX ON passages (source, position);
CREATE INDEX ON passages (label_set);
CREATE INDEX ON passages USING gin (lexemes);
CREATE TABLE terms (id serial PRIMARY KEY, term text NOT NULL UNIQUE);
-- what BM25 needs to know of each label set, so that a caller's figures are sums over those that he may read
CREATE TABLE sizes (label_set integer PRIMARY KEY, passages bigint NOT NULL, terms bigint NOT NULL);
CREATE TABLE frequencies (
    label_set integer, term integer, passages integer NOT NULL, PRIMARY KEY (label_set, term)
);
CREATE INDEX ON frequencies (passages) WHERE passages = 0;
-- folders that were added as a whole
CREATE TABLE roots (path text PRIMARY KEY);
"""


class Meta(NamedTuple):
    """What an index remembers about itself."""

    version: int
    """Counts the changes of what can be found."""
    embedding: str
    dimensions: int
    rules: str
    generation: int
    """Counts the embedding models that it has had; each has a table of vectors."""

    @property
    def vectors(self) -> str:
        """Name of the table of vectors that is searched."""
        return f"vectors_{self.generation}"


def connect(url: str, schema: str) -> "Connection[Any]":
    """A connection whose names are those of the index."""
    import psycopg

    return psycopg.connect(
        url.replace("postgresql+psycopg://", "postgresql://", 1),
        connect_timeout=CONNECT_SECONDS,
        # pgvector's type and operators live where its extension was created, by default in public.
        options=f"-c search_path={schema},public",
    )


@contextmanager
def reported(url: str) -> Iterator[None]:
    """Turn what the server says into an error with its way out."""
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            "An index in PostgreSQL needs the package psycopg.", "Run: pip install 'warrant[postgres]'."
        ) from error
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarrantError(
            f"The index in PostgreSQL cannot be used: {error}.".replace("\n", " "),
            "Let an administrator run: CREATE EXTENSION vector; and grant CREATE on the database.",
        ) from error
    except psycopg.Error as error:
        raise WarrantError(
            f"The index in PostgreSQL at {_shown(url)} cannot be used: {' '.join(str(error).split())}.",
            "Check WARRANT_INDEX_URL, that the server runs, and that pgvector is installed there.",
        ) from error


def read_meta(connection: "Connection[Any]", schema: str) -> Meta | None:
    """What the index remembers; None if there is none yet.

    Raises:
        UsageError: another version of Warrant wrote it.
    """
    if connection.execute("SELECT to_regclass(%s)", (f"{schema}.meta",)).fetchone() in (None, (None,)):
        return None
    values: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if values["format"] != FORMAT:
        raise UsageError(
            f"The index was written by another version of Warrant (format {values['format']}, not {FORMAT}).",
            f"Drop the schema {schema} and index your documents again.",
        )
    return Meta(
        int(values["version"]),
        values["embedding"],
        int(values["dimensions"]),
        values["rules"],
        int(values["generation"]),
    )


def check_embedding(meta: Meta, embedder: Embedder) -> None:
    """Refuse vectors of two models in one index; raises OtherModelError."""
    check_model(meta.embedding, meta.dimensions, embedder, "PostgreSQL")


def create(connection: "Connection[Any]", schema: str, embedder: Embedder) -> Meta:
    """Make the tables if there are none; the caller holds the index for writing."""
    if meta := read_meta(connection, schema):
        return meta
    with connection.transaction():
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.execute(TABLES)
        made = {"format": FORMAT, "build": uuid4().hex, "version": "0", "rules": "", "generation": "1"}
        kept = {**made, "embedding": embedder.name, "dimensions": str(embedder.dimensions)}
        for key, value in kept.items():
            connection.execute("INSERT INTO meta VALUES (%s, %s)", (key, value))
        vectors(connection, Meta(0, embedder.name, embedder.dimensions, "", 1))
    found = read_meta(connection, schema)
    if found is None:
        raise WarrantError("The index in PostgreSQL could not be made.", "Run it again.")
    return found


def vectors(connection: "Connection[Any]", meta: Meta) -> None:
    """Make a table of vectors, and its graph where pgvector can build one of so many dimensions."""
    connection.execute(
        f"CREATE TABLE {meta.vectors} (passage bigint PRIMARY KEY, label_set integer NOT NULL, "
        f"vector vector({meta.dimensions}) NOT NULL)"
    )
    if meta.dimensions <= MAX_GRAPH_DIMENSIONS:
        connection.execute(f"CREATE INDEX ON {meta.vectors} USING hnsw (vector vector_cosine_ops)")


MAX_GRAPH_DIMENSIONS = 2_000
"""Of pgvector's HNSW; longer vectors are compared one by one."""


def _shown(url: str) -> str:
    """The address without a password."""
    return url.rpartition("@")[2]
