import os
import shutil
from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from tools.index.freshness import Freshness, freshness
from tools.index.ingest import add
from tools.index.local.backend import LocalBackend
from tools.index.local.holdings import kept, roots, status
from tools.index.roots import remembered
from tools.index.search import Index


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


def look(folder: Path, *, hashed: bool = False) -> Freshness:
    return freshness(kept(folder), roots(folder), hashed=hashed)


def names(paths: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in paths]


def test_what_changed_went_or_came_is_told_apart(folder: Path, documents: Path, embedder: Embedder) -> None:
    assert look(folder).is_current()
    write(documents, same="Return A.", longer="Return B.", gone="Return C.", touched="Return D.")
    add(folder, embedder, [documents])
    assert look(folder).is_current()
    assert look(folder, hashed=True).is_current()

    write(documents, longer="Return B, later.", fresh="Return E.")
    (documents / "gone.md").unlink()
    os.utime(documents / "touched.md", (1, 1))
    found = look(folder)
    assert [(Path(one.path).name, one.why) for one in found.stale] == [
        ("longer.md", "its size changed"),
        ("touched.md", "it was written again"),
    ]
    assert (names(found.missing), names(found.new)) == (["gone.md"], ["fresh.md"])
    assert [Path(one.path).name for one in look(folder, hashed=True).stale] == ["longer.md"]

    add(folder, embedder, [documents], prune=True)
    assert look(folder).is_current()


def test_only_contents_tell_a_change_that_kept_size_and_time(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    before = (documents / "a.md").stat()
    write(documents, a="Return B.")
    os.utime(documents / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(folder).is_current()
    assert [one.why for one in look(folder, hashed=True).stale] == ["its content changed"]


def test_folders_that_were_added_are_remembered_and_forgotten_when_they_are_gone(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    inner, alone = documents / "inner", documents.parent / "alone.md"
    inner.mkdir()
    write(inner, a="Return A.")
    alone.write_text("Return B.", "utf-8")
    add(folder, embedder, [inner, alone])
    assert remembered(LocalBackend(folder)) == [inner, alone]
    write(documents, c="Return C.")
    assert look(folder).new == ()
    add(folder, embedder, [documents])
    assert remembered(LocalBackend(folder)) == [documents, alone]

    shutil.rmtree(documents)
    assert names(look(folder).missing) == ["c.md", "a.md"]
    add(folder, embedder, remembered(LocalBackend(folder)), prune=True)
    assert (remembered(LocalBackend(folder)), status(folder).files) == ([alone], 1)


def test_a_file_that_fails_keeps_the_time_at_which_its_passages_were_read(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    (before,) = kept(folder)
    (documents / "a.md").write_bytes(b"\0\1")
    add(folder, embedder, [documents])
    (after,) = kept(folder)
    assert (after.read_at, after.version) == (before.read_at, before.version)
    assert after.error
    (passage,) = Index(folder, embedder).search("return", 5, 5, frozenset())
    assert passage.read_at == before.read_at
    assert look(folder).is_current()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_a_folder_that_cannot_be_looked_into_is_named(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    (documents / "closed").mkdir(mode=0)
    assert [Path(one.path).name for one in look(folder).unreadable] == ["closed"]
    (documents / "closed").chmod(0o700)


def test_the_size_of_each_part_is_told(folder: Path, documents: Path, embedder: Embedder) -> None:
    write(documents, a="Return A.")
    add(folder, embedder, [documents])
    found = status(folder)
    assert "catalogue.db" in found.parts
    assert sum(found.parts.values()) == found.bytes
    assert found.last_read == found.oldest_read is not None
