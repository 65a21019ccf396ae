import os
import shutil
from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from tools.index.backend import Backend
from tools.index.freshness import Freshness, freshness
from tools.index.ingest import add
from tools.index.local.holdings import status
from tools.index.roots import remembered
from tools.index.search import Index


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


def look(where: Backend, *, hashed: bool = False) -> Freshness:
    return freshness(where.kept(), where.roots(), hashed=hashed)


def names(paths: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in paths]


def test_what_changed_went_or_came_is_told_apart(where: Backend, documents: Path, embedder: Embedder) -> None:
    assert look(where).is_current()
    write(documents, same="Return A.", longer="Return B.", gone="Return C.", touched="Return D.")
    add(where, embedder, [documents])
    assert look(where).is_current()
    assert look(where, hashed=True).is_current()

    write(documents, longer="Return B, later.", fresh="Return E.")
    (documents / "gone.md").unlink()
    os.utime(documents / "touched.md", (1, 1))
    found = look(where)
    assert [(Path(one.path).name, one.why) for one in found.stale] == [
        ("longer.md", "its size changed"),
        ("touched.md", "it was written again"),
    ]
    assert (names(found.missing), names(found.new)) == (["gone.md"], ["fresh.md"])
    assert [Path(one.path).name for one in look(where, hashed=True).stale] == ["longer.md"]

    add(where, embedder, [documents], prune=True)
    assert look(where).is_current()


def test_only_contents_tell_a_change_that_kept_size_and_time(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(where, embedder, [documents])
    before = (documents / "a.md").stat()
    write(documents, a="Return B.")
    os.utime(documents / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(where).is_current()
    assert [one.why for one in look(where, hashed=True).stale] == ["its content changed"]


def test_folders_that_were_added_are_remembered_and_forgotten_when_they_are_gone(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    inner, alone = documents / "inner", documents.parent / "alone.md"
    inner.mkdir()
    write(inner, a="Return A.")
    alone.write_text("Return B.", "utf-8")
    add(where, embedder, [inner, alone])
    assert remembered(where) == [inner, alone]
    write(documents, c="Return C.")
    assert look(where).new == ()
    add(where, embedder, [documents])
    assert remembered(where) == [documents, alone]

    shutil.rmtree(documents)
    assert names(look(where).missing) == ["c.md", "a.md"]
    add(where, embedder, remembered(where), prune=True)
    assert (remembered(where), where.status().files) == ([alone], 1)


def test_a_file_that_fails_keeps_the_time_at_which_its_passages_were_read(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(where, embedder, [documents])
    (before,) = where.kept()
    (documents / "a.md").write_bytes(b"\0\1")
    add(where, embedder, [documents])
    (after,) = where.kept()
    assert (after.read_at, after.version) == (before.read_at, before.version)
    assert after.error
    (passage,) = Index(where, embedder).search("return", 5, 5, frozenset())
    assert passage.read_at == before.read_at
    assert look(where).is_current()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_a_folder_that_cannot_be_looked_into_is_named(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(where, embedder, [documents])
    (documents / "closed").mkdir(mode=0)
    assert [Path(one.path).name for one in look(where).unreadable] == ["closed"]
    (documents / "closed").chmod(0o700)


def test_the_size_of_each_part_is_told(folder: Path, documents: Path, embedder: Embedder) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    found = status(folder)
    assert "catalogue.db" in found.parts
    assert sum(found.parts.values()) == found.bytes
    assert found.last_read == found.oldest_read is not None
