"""Chroma beside exact search: what it knows, what it is to forget, and when it is not asked."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.embeddings.names import Embedder
from state.errors import WarrantError
from tools.index.archive import snapshot
from tools.index.chunks import Chunk
from tools.index.document import Document
from tools.index.local.backend import LocalBackend
from tools.index.local.check import check
from tools.index.local.fold import Sizes
from tools.index.local.graphs import FOLDER, Graphs
from tools.index.local.repair import repair
from tools.index.records import Entry
from tools.index.restore import restore

SIZES = Sizes(fold=10, factor=3, exact_below=20)
EVERYONE = frozenset({"hr"})


def unit(seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=64).astype(np.float32)
    return found / np.linalg.norm(found)


def fill(backend: LocalBackend, embedder: Embedder, sources: range, labels: tuple[str, ...] = ()) -> None:
    with backend.writing(embedder) as writer:
        for number in sources:
            path = Path(f"{number}.md")
            if writer.known(path) is None:
                writer.register(path, str(path), labels)
            document = Document(f"{number}.md", f"Return {number}.", ())
            chunk = Chunk(0, len(document.text), ())
            writer.write([Entry(str(path), document, [chunk], unit(number)[None], "")], [])


def near(
    backend: LocalBackend, embedder: Embedder, number: int, held: frozenset[str] = EVERYONE
) -> list[str]:
    """Sources by the dense leg."""
    with backend.reading(embedder, held) as reader:
        assert reader
        proposal = reader.propose("return", unit(number), 5)
        assert proposal
        found = proposal.candidates
        rows = np.argsort(np.where(found.dense_rank > 0, found.dense_rank, 10**6))[
            : sum(found.dense_rank > 0)
        ]
        return [one.source for one in reader.passages(found.ids[rows].tolist())]


def truth(numbers: list[int], number: int) -> list[str]:
    return [f"{one}.md" for one in sorted(numbers, key=lambda one: -float(unit(one) @ unit(number)))[:5]]


def told(backend: LocalBackend, embedder: Embedder) -> int:
    """How many vectors Chroma holds, all label sets together."""
    with backend.reading(embedder, EVERYONE) as reader:
        assert reader
        graphs = Graphs(backend.folder, backend.chroma_url)
        found = sum(graphs.count(reader.meta(), number) for number in (1, 2, 3))
        graphs.close()
        return found


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(params=["embedded", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> Iterator[str]:
    """Of a Chroma server; empty for the one in this process."""
    if request.param == "embedded":
        yield ""
        return
    with server(tmp_path / "chroma", port) as running:
        yield f"http://127.0.0.1:{port}"
        running.kill()


def server(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(folder)]
    running = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return running
        time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.fixture
def backend(folder: Path, url: str) -> Iterator[LocalBackend]:
    made = LocalBackend(folder, SIZES, url)
    yield made
    made.close()


def test_the_graph_gives_what_exact_search_gives(backend: LocalBackend, embedder: Embedder) -> None:
    fill(backend, embedder, range(45))
    fill(backend, embedder, range(45, 70), ("hr",))
    assert told(backend, embedder) == 60
    backend.load(embedder, EVERYONE)
    for number in range(70):
        assert near(backend, embedder, number) == truth([*range(70)], number)
        assert near(backend, embedder, number, frozenset()) == truth([*range(45)], number)


def test_what_is_removed_relabelled_or_new_is_known_at_once(
    backend: LocalBackend, embedder: Embedder
) -> None:
    fill(backend, embedder, range(60))
    reader = LocalBackend(backend.folder, SIZES, backend.chroma_url)
    reader.load(embedder, EVERYONE)
    with backend.writing(embedder) as writer:
        writer.forget(Path("7.md"))
        writer.relabel(Path("8.md"), ["hr"])
        left = [one for one in range(60) if one != 7]
        assert near(reader, embedder, 7) == truth(left, 7)
        assert "8.md" not in near(reader, embedder, 8, frozenset())
        assert near(reader, embedder, 8)[0] == "8.md"
    fill(backend, embedder, range(60, 65))
    reader.load(embedder, EVERYONE)
    assert near(reader, embedder, 7) == truth([*left, *range(60, 65)], 7)
    assert near(reader, embedder, 62)[0] == "62.md"
    assert told(backend, embedder) == 58
    reader.close()


def test_a_graph_that_is_given_up_is_told_whole_when_it_pays_again(
    backend: LocalBackend, embedder: Embedder
) -> None:
    fill(backend, embedder, range(40))
    with backend.writing(embedder) as writer:
        for number in range(30):
            writer.forget(Path(f"{number}.md"))
    assert check(backend) == []
    fill(backend, embedder, range(40, 80))
    assert check(backend) == []
    assert told(backend, embedder) == 50
    assert near(backend, embedder, 35) == truth(list(range(30, 80)), 35)


def test_lost_vectors_are_told_again(folder: Path, embedder: Embedder) -> None:
    backend = LocalBackend(folder, SIZES)
    fill(backend, embedder, range(40))
    backend.close()
    shutil.rmtree(folder / FOLDER)
    assert near(backend, embedder, 3) == truth([*range(40)], 3)
    fill(backend, embedder, range(40, 41))
    assert told(backend, embedder) == 40


def test_what_chroma_lost_is_found_and_told_again(backend: LocalBackend, embedder: Embedder) -> None:
    fill(backend, embedder, range(40))
    assert check(backend) == []
    with backend.reading(embedder, EVERYONE) as reader:
        assert reader
        graphs = Graphs(backend.folder, backend.chroma_url)
        graphs.drop(reader.meta(), 1, [3, 4, 5])
        graphs.close()
    (fault,) = check(backend)
    assert (fault.part, fault.repairable) == (backend.chroma_url or FOLDER, True)
    assert fault.problem == "Chroma holds 37 of the 40 vectors of label set 1."
    repair(backend, embedder)
    assert check(backend) == []
    assert told(backend, embedder) == 40


def test_a_restored_index_tells_chroma_and_leaves_nothing_of_what_it_replaced(
    backend: LocalBackend, embedder: Embedder, tmp_path: Path
) -> None:
    fill(backend, embedder, range(40))
    snapshot(backend.folder, tmp_path / "kept.tar.gz", print)
    fill(backend, embedder, range(40, 60))
    with backend.reading(embedder, EVERYONE) as reader:
        assert reader
        before = reader.meta()
    restore(backend, tmp_path / "kept.tar.gz", print, force=True)
    assert told(backend, embedder) == 40
    assert check(backend) == []
    graphs = Graphs(backend.folder, backend.chroma_url)
    assert graphs.count(before, 1) == 0
    graphs.close()


def test_a_dead_server_is_an_error_and_nothing_is_lost(
    folder: Path, tmp_path: Path, port: int, embedder: Embedder
) -> None:
    backend = LocalBackend(folder, SIZES, f"http://127.0.0.1:{port}")
    with pytest.raises(WarrantError, match=r"cannot be used.*WARRANT_CHROMA_URL"):
        fill(backend, embedder, range(30))
    # Nothing was told, so that nothing is asked.
    assert near(backend, embedder, 3) == truth([*range(30)], 3)
    with server(tmp_path / "chroma", port) as running:
        fill(backend, embedder, range(30, 31))
        assert told(backend, embedder) == 30
        assert near(backend, embedder, 3) == truth([*range(31)], 3)
        running.kill()
    with pytest.raises(WarrantError, match=r"cannot be used.*WARRANT_CHROMA_URL"):
        near(backend, embedder, 3)
    # The embedded one takes over where the settings say so.
    assert near(LocalBackend(folder, SIZES), embedder, 3) == truth([*range(31)], 3)
