import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from state.errors import UsageError
from tools.index.backend import Backend
from tools.index.errors import BusyError, DamagedError
from tools.index.ingest import Summary, add
from tools.index.local.catalogue import NAME
from tools.index.local.holdings import status
from tools.index.local.lock import exclusive
from tools.index.search import Index


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


def found(where: Backend | Path, embedder: Embedder, limit: int = 50) -> dict[str, str]:
    passages = Index(where, embedder).search("return", limit, limit, frozenset())
    return {Path(one.source).name.removesuffix(".md"): one.text for one in passages}


def numbers(summary: Summary) -> tuple[int, int, int, int]:
    return summary.added, summary.changed, summary.unchanged, summary.removed


def test_only_what_changed_is_read_again(where: Backend, documents: Path, embedder: Embedder) -> None:
    write(documents, a="Return A.", b="Return B.")
    assert numbers(add(where, embedder, [documents])) == (2, 0, 0, 0)
    assert numbers(add(where, embedder, [documents])) == (0, 0, 2, 0)
    write(documents, b="Return C.", c="Return D.")
    assert numbers(add(where, embedder, [documents])) == (1, 1, 1, 0)
    assert found(where, embedder) == {"a": "Return A.", "b": "Return C.", "c": "Return D."}


def test_lines_of_jsonl_are_replaced_one_by_one(where: Backend, documents: Path, embedder: Embedder) -> None:
    path = documents / "c.jsonl"

    def lines(**texts: str) -> None:
        path.write_text(
            "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items()), "utf-8"
        )

    lines(a="Return A.", b="Return B.")
    add(where, embedder, [path])
    lines(b="Return C.", d="Return D.")
    assert numbers(add(where, embedder, [path])) == (1, 1, 0, 1)
    assert set(found(where, embedder).values()) == {"Return C.", "Return D."}


def test_sources_of_deleted_files_stay_until_pruned(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.", b="Return B.")
    other = documents.parent / "other.md"
    other.write_text("Return O.", "utf-8")
    add(where, embedder, [documents, other])
    (documents / "a.md").unlink()
    other.unlink()
    add(where, embedder, [documents])
    assert set(found(where, embedder)) == {"a", "b", "other"}
    assert add(where, embedder, [documents], prune=True).removed == 1
    assert set(found(where, embedder)) == {"b", "other"}
    shutil.rmtree(documents)
    assert add(where, embedder, [documents, other], prune=True).removed == 2
    assert found(where, embedder) == {}


def test_a_broken_file_is_reported_again_until_it_is_mended(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.", b="Return B.")
    add(where, embedder, [documents])
    (documents / "b.md").write_bytes(b"\0\1")
    for _ in range(2):
        summary = add(where, embedder, [documents])
        assert [Path(one.source).name for one in summary.broken] == ["b.md"]
    assert [Path(one.path).name for one in where.status().failed] == ["b.md"]
    # What was known of it stays rather than getting lost.
    assert found(where, embedder)["b"] == "Return B."
    write(documents, b="Return B2.")
    assert add(where, embedder, [documents]).broken == []
    assert where.status().failed == ()
    assert found(where, embedder)["b"] == "Return B2."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_and_folders_without_permission_are_reported(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.", b="Return B.")
    closed = documents / "closed"
    closed.mkdir()
    closed.chmod(0)
    (documents / "b.md").chmod(0)
    summary = add(folder, embedder, [documents])
    closed.chmod(0o700)
    assert len(summary.broken) == 2
    assert set(found(folder, embedder)) == {"a"}


def test_nothing_to_add_is_an_error_that_says_what_can_be(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    with pytest.raises(UsageError, match=r"No documents below .*\.md, .*\.pdf"):
        add(folder, embedder, [documents])
    with pytest.raises(UsageError, match=r"There is no .*gone"):
        add(folder, embedder, [documents / "gone"])
    assert not folder.exists()


def test_names_are_relative_and_do_not_collide(
    where: Backend, documents: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("one", "two"):
        (documents / place).mkdir()
        (documents / place / "a.md").write_text(f"Return {place}.", "utf-8")
        monkeypatch.chdir(documents / place)
        add(where, embedder, [Path("a.md")])
    passages = Index(where, embedder).search("return", 5, 5, frozenset())
    assert {one.source for one in passages} == {"a.md", str(documents / "two" / "a.md")}


def test_another_embedding_model_is_refused_until_the_index_is_rebuilt(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.", b="Return B.")
    add(where, embedder, [documents])
    other = type(embedder)("other", 32)  # type: ignore[call-arg]  # the hashing model takes both
    for refused in (lambda: add(where, other, [documents]), lambda: found(where, other)):
        with pytest.raises(UsageError, match=r'models.embedding = "hashing".*add --rebuild'):
            refused()
    index = Index(where, other)
    assert numbers(add(where, other, [documents], rebuild=True)) == (0, 0, 2, 0)
    assert {one.text for one in index.search("return", 5, 5, frozenset())} == {"Return A.", "Return B."}
    assert where.status().dimensions == 32


def test_a_damaged_catalogue_is_reported(folder: Path, documents: Path, embedder: Embedder) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    (folder / NAME).write_bytes(b"damaged" * 1000)
    for used in (
        lambda: add(folder, embedder, [documents]),
        lambda: found(folder, embedder),
        lambda: status(folder),
    ):
        with pytest.raises(DamagedError, match="warrant index check"):
            used()


def test_a_second_writer_is_told_to_wait(folder: Path, documents: Path, embedder: Embedder) -> None:
    write(documents, a="Return A.")
    folder.mkdir(parents=True)
    with exclusive(folder), pytest.raises(BusyError, match="Wait"), exclusive(folder, wait=0.1):
        pass
    assert numbers(add(folder, embedder, [documents])) == (1, 0, 0, 0)


# The embedding model of this process stops it for good in the middle of a batch.
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from conftest import Hashing
from tools.index import ingest

class Deadly(Hashing):
    left = int(sys.argv[5])
    def embed(self, texts):
        if not Deadly.left:
            os.kill(os.getpid(), signal.SIGKILL)
        Deadly.left -= 1
        return super().embed(texts)

ingest.BATCH_PASSAGES = 10
ingest.add(Path(sys.argv[3]), Deadly(), [Path(sys.argv[4])])
"""
ROOT = Path(__file__).parents[3]


def test_a_killed_add_loses_nothing_and_the_next_one_goes_on(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    path = documents / "c.jsonl"
    texts = {f"{number}": f"Return number {number}." for number in range(100)}
    path.write_text(
        "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items()), "utf-8"
    )
    arguments = [str(ROOT), str(Path(__file__).parent), str(folder), str(path), "4"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=60)
    assert killed.returncode == -9
    assert len(found(folder, embedder)) == 40
    assert status(folder).sources == 40
    assert numbers(add(folder, embedder, [path])) == (60, 0, 40, 0)
    assert len(found(folder, embedder, limit=200)) == status(folder).passages == 100
