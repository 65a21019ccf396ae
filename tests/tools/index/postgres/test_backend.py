"""What is PostgreSQL's own; the behaviour that every backend has is tested for all of them together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest

from models.embeddings.names import Embedder
from state.errors import UsageError, WarrantError
from tools.index.chunks import approximate, cut, embedded
from tools.index.document import Document
from tools.index.errors import BusyError
from tools.index.postgres.backend import PostgresBackend
from tools.index.postgres.schema import connect
from tools.index.records import Entry, Finished, Version
from tools.index.structure import paragraphs

FILE = Path("/documents/f.md")
ROOT = Path(__file__).parents[4]
VERSION = Version(1, "2026-01-01T00:00:00+00:00")


def entry(embedder: Embedder, name: str, text: str, labels: Iterable[str] = ()) -> Entry:
    document = Document(name, text, paragraphs(text, ("Shop",)), tuple(labels))
    chunks = cut(document, approximate)
    vectors = embedder.embed([embedded(one.title, text[one.start : one.end]) for one in chunks])
    return Entry(str(FILE), document, chunks, vectors, VERSION.modified)


def fill(backend: PostgresBackend, embedder: Embedder, texts: dict[str, str]) -> None:
    entries = [entry(embedder, name, text) for name, text in texts.items()]
    with backend.writing(embedder) as writer:
        if writer.known(FILE) is None:
            writer.register(FILE, "f.md")
        writer.write(entries, [Finished(str(FILE), "digest", VERSION, "", frozenset(texts))])


def found(backend: PostgresBackend, embedder: Embedder, query: str) -> list[str]:
    with backend.reading(embedder, frozenset()) as reader:
        assert reader is not None
        proposal = reader.propose(query, embedder.embed([query])[0], 10)
        assert proposal is not None
        return [one.source for one in reader.passages(proposal.candidates.ids.tolist())]


def test_the_graph_of_pgvector_finds_what_comparing_with_all_finds(
    server: str, backend: PostgresBackend, embedder: Embedder
) -> None:
    fill(backend, embedder, {f"f.md#{n}": f"Return shipping number {n}." for n in range(60)})
    approximate_one = PostgresBackend(server, backend.schema, exact_below=0)
    query = embedder.embed(["shipping number 8"])[0]
    nearest = []
    for one in (backend, approximate_one):
        with one.reading(embedder, frozenset()) as reader:
            assert reader is not None
            proposal = reader.propose("", query, 5)
            assert proposal is not None
            ranks, ids = proposal.candidates.dense_rank, proposal.candidates.ids
            nearest.append(ids[ranks == 1].tolist())
    assert nearest[0] == nearest[1]
    approximate_one.close()


def test_one_writer_at_a_time_while_others_read(backend: PostgresBackend, embedder: Embedder) -> None:
    fill(backend, embedder, {"f.md#1": "Return shipping."})
    with backend.writing(embedder) as writer:
        writer.write([entry(embedder, "f.md#2", "Return policy.")], [])
        assert sorted(found(backend, embedder, "return")) == ["f.md#1", "f.md#2"]
        with pytest.raises(BusyError), backend.writing(embedder):
            pass


def test_a_reader_keeps_its_version(backend: PostgresBackend, embedder: Embedder) -> None:
    fill(backend, embedder, {"f.md#1": "Return shipping."})
    with backend.reading(embedder, frozenset()) as reader:
        assert reader is not None
        before = reader.source_text("f.md#1")
        fill(backend, embedder, {"f.md#1": "Something else."})
        assert reader.source_text("f.md#1") == before == "Return shipping."
    with backend.reading(embedder, frozenset()) as reader:
        assert reader is not None
        assert reader.source_text("f.md#1") == "Something else."


def test_a_killed_writer_leaves_whole_batches_and_no_lock(
    server: str, backend: PostgresBackend, embedder: Embedder, tmp_path: Path
) -> None:
    script = f"""
import sys, time
from tests.tools.index.conftest import Hashing
from tests.tools.index.postgres.test_backend import FILE, entry
from tools.index.postgres.backend import PostgresBackend
embedder = Hashing()
with PostgresBackend({server!r}, {backend.schema!r}).writing(embedder) as writer:
    writer.register(FILE, "f.md")
    for number in range(10_000):
        writer.write([entry(embedder, f"f.md#{{number}}.{{part}}", "Return.") for part in range(3)], [])
        if number == 3:
            print("going", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    patient = PostgresBackend(server, backend.schema, wait=5)
    with patient.writing(embedder) as writer:
        names = [name.split("#")[1].split(".") for name in writer.digests(FILE)]
    numbers = {int(number) for number, _ in names}
    assert len(names) == 3 * len(numbers)
    assert numbers == set(range(len(numbers)))
    assert len(numbers) >= 4


def test_vectors_that_an_ended_rebuild_left_are_dropped_by_the_next_writer(
    backend: PostgresBackend, embedder: Embedder
) -> None:
    fill(backend, embedder, {"f.md#1": "Return shipping."})
    other = type(embedder)("other", 32)  # type: ignore[call-arg]  # the hashing model takes both

    def tables() -> list[str]:
        return [name for name in backend.status().parts if name.startswith("vectors")]

    with pytest.raises(ZeroDivisionError), backend.writing(other, rebuild=True) as writer:
        (waiting,) = writer.waiting("other", 10)
        writer.stage("other", [waiting.passage], other.embed([waiting.text]))
        assert backend.rebuilt_with() == {"other"}
        writer.adopt(other)
        assert found(backend, other, "return") == ["f.md#1"]
        raise ZeroDivisionError
    assert tables() == ["vectors_1", "vectors_2"]
    with backend.writing(other):
        pass
    assert tables() == ["vectors_2"]
    assert found(backend, other, "return") == ["f.md#1"]


def test_a_lost_connection_is_replaced(server: str, backend: PostgresBackend, embedder: Embedder) -> None:
    fill(backend, embedder, {"f.md#1": "Return shipping."})
    assert found(backend, embedder, "return") == ["f.md#1"]
    with connect(server, "public") as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
    assert found(backend, embedder, "return") == ["f.md#1"]


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:geheim@127.0.0.1:1/none", "postgresql+psycopg://u@127.0.0.1:1/x"]
)
def test_a_dead_server_is_an_error_without_the_password(url: str, embedder: Embedder) -> None:
    backend = PostgresBackend(url)
    with pytest.raises(WarrantError) as caught, backend.reading(embedder, frozenset()):
        pass
    assert "geheim" not in str(caught.value)
    assert "WARRANT_INDEX_URL" in caught.value.way_out


def test_another_format_is_refused(server: str, backend: PostgresBackend, embedder: Embedder) -> None:
    fill(backend, embedder, {"f.md#1": "Return shipping."})
    with connect(server, backend.schema) as other:
        other.execute("UPDATE meta SET value = '0' WHERE key = 'format'")
    with pytest.raises(UsageError, match="another version"), backend.reading(embedder, frozenset()):
        pass


def test_without_pgvector_it_says_what_is_missing(embedder: Embedder) -> None:
    url = os.environ.get("WARRANT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
    try:
        with connect(url, "public") as plain:
            names = [name for (name,) in plain.execute("SELECT name FROM pg_available_extensions")]
    except psycopg.Error:
        pytest.skip("no PostgreSQL")
    if "vector" in names:
        pytest.skip("this server has pgvector")
    with pytest.raises(WarrantError, match="vector"), PostgresBackend(url, "warrant_none").writing(embedder):
        pass
