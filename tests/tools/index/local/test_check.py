"""Damage is found, reported with its way out, and made good from the catalogue."""

from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from state.errors import WarrantError
from tools.index.chunks import Chunk
from tools.index.document import Document
from tools.index.local.backend import LocalBackend
from tools.index.local.fold import Sizes
from tools.index.records import Entry
from tools.index.search import Index

TITLE = ("Shop",)


@pytest.fixture
def backend(folder: Path, embedder: Embedder) -> LocalBackend:
    """Three blocks, one with a dead row, and a tail."""
    made = LocalBackend(folder, Sizes(fold=4, factor=8))
    for first in (0, 4, 8, 12):
        with made.writing(embedder) as writer:
            writer.register(Path(f"{first}.jsonl"), f"{first}.jsonl")
            for number in range(first, min(first + 4, 14)):
                text = f"Return {number}. Ship {number * number}."
                middle = text.index("Ship")
                chunks = [Chunk(0, middle - 1, TITLE), Chunk(middle, len(text), TITLE)]
                vectors = embedder.embed([text[one.start : one.end] for one in chunks])
                entry = Entry(f"{first}.jsonl", Document(f"{number}", text, ()), chunks, vectors, "")
                writer.write([entry], [])
    return made


def answers(backend: LocalBackend, embedder: Embedder) -> list[tuple[str, float | None, float | None]]:
    found = Index(backend, embedder).search("shop return 9", 40, 40, frozenset())
    return [(one.text, one.scores.sparse, one.scores.sparse_rank) for one in found]


def test_a_whole_index_has_nothing_wrong(backend: LocalBackend, embedder: Embedder, tmp_path: Path) -> None:
    assert backend.check() == []
    assert LocalBackend(tmp_path / "none").check() == []


@pytest.mark.parametrize("file", ["ids.npy", "sequence.npy", "post_rows.npy", "vectors.0.npy", "starts.npy"])
@pytest.mark.parametrize("harm", ["cut", "bit", "lost"])
def test_a_damaged_block_is_reported_and_made_anew(
    backend: LocalBackend, embedder: Embedder, file: str, harm: str
) -> None:
    before = answers(backend, embedder)
    backend.close()
    path = sorted((backend.folder / "blocks").iterdir())[0] / file
    content = path.read_bytes()
    if harm == "cut":
        path.write_bytes(content[: len(content) - 5])
    elif harm == "bit":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 64]))
    else:
        path.unlink()
    (problem,) = backend.check()
    assert file in problem
    if harm != "bit":
        with pytest.raises(WarrantError, match="index check --repair"):
            answers(backend, embedder)
    assert backend.repair(embedder) > 0
    assert backend.check() == []
    assert sorted(answers(backend, embedder)) == sorted(before)
