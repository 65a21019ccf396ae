import io
import json
import multiprocessing
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from state.errors import UsageError
from tools.index.archive import snapshot
from tools.index.ingest import add
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import NAME
from tools.index.local.check import check
from tools.index.local.holdings import status
from tools.index.manifest import MANIFEST, BadSnapshotError
from tools.index.restore import restore
from tools.index.search import Index


def silent(doing: str) -> None:
    pass


def texts(folder: Path, embedder: Embedder) -> set[str]:
    return {one.text for one in Index(folder, embedder).search("return", 50, 50, frozenset())}


@pytest.fixture
def taken(folder: Path, documents: Path, embedder: Embedder) -> Path:
    """A snapshot of an index of two documents."""
    (documents / "a.md").write_text("Return A.", "utf-8")
    (documents / "b.md").write_text("Return B.", "utf-8")
    add(folder, embedder, [documents])
    file = documents.parent / "snapshot.tar.gz"
    snapshot(folder, file, silent)
    return file


def test_a_snapshot_is_restored_in_an_empty_home(
    folder: Path, embedder: Embedder, taken: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "index"
    assert restore(LocalBackend(elsewhere), taken, silent) is None
    assert texts(elsewhere, embedder) == {"Return A.", "Return B."}
    assert check(LocalBackend(elsewhere)) == []
    assert taken.stat().st_mode & 0o077 == 0
    assert {path.name for path in elsewhere.parent.iterdir()} == {"index", "index.lock"}
    assert {path.name for path in folder.parent.iterdir()} == {"index", "index.lock"}


def test_an_index_is_replaced_only_if_that_is_asked_for(
    folder: Path, documents: Path, embedder: Embedder, taken: Path
) -> None:
    searching = Index(folder, embedder)
    (documents / "a.md").write_text("Return C.", "utf-8")
    add(folder, embedder, [documents])
    assert len(searching.search("return", 5, 5, frozenset())) == 2
    with pytest.raises(UsageError, match="--force"):
        restore(LocalBackend(folder), taken, silent)
    restore(LocalBackend(folder), taken, silent, force=True)
    # What an open index has in memory is of the replaced one, whatever its version was.
    assert {one.text for one in searching.search("return", 5, 5, frozenset())} == {"Return A.", "Return B."}
    assert check(LocalBackend(folder)) == []
    assert add(folder, embedder, [documents]).changed == 1


def test_a_damaged_index_is_moved_away(folder: Path, embedder: Embedder, taken: Path) -> None:
    (folder / NAME).write_bytes(b"damaged" * 1000)
    aside = restore(LocalBackend(folder), taken, silent, force=True)
    assert aside and (aside / NAME).read_bytes().startswith(b"damaged")
    assert texts(folder, embedder) == {"Return A.", "Return B."}


def rewritten(taken: Path, change: Callable[[tarfile.TarFile, tarfile.TarInfo, bytes], None]) -> Path:
    file = taken.with_name("changed.tar.gz")
    with tarfile.open(taken) as before, tarfile.open(file, "w:gz") as after:
        for member in before:
            content = before.extractfile(member)
            change(after, member, content.read() if content else b"")
    return file


def put(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def flipped(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    if member.name == NAME:
        content = content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]
    put(archive, member, content)


def linked(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    if member.name == NAME:
        member.type, member.linkname, content = tarfile.SYMTYPE, "/etc/passwd", b""
    put(archive, member, content)


def traversing(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    if member.name == MANIFEST:
        manifest = json.loads(content)
        manifest["parts"]["blocks/../../../out"] = manifest["parts"][NAME]
        content = json.dumps(manifest).encode()
    put(archive, member, content)


def stranger(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    put(archive, member, content)
    put(archive, tarfile.TarInfo("../out"), b"out")


def other_format(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    put(archive, member, content.replace(b'"format":"', b'"format":"9'))


def headless(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    if member.name != MANIFEST:
        put(archive, member, content)


def incomplete(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    if member.name == MANIFEST:
        put(archive, member, content)


@pytest.mark.parametrize(
    "change", [flipped, linked, traversing, stranger, other_format, headless, incomplete]
)
def test_what_is_no_snapshot_changes_nothing(
    folder: Path,
    documents: Path,
    embedder: Embedder,
    taken: Path,
    change: Callable[[tarfile.TarFile, tarfile.TarInfo, bytes], None],
) -> None:
    bad = rewritten(taken, change)
    (documents / "a.md").write_text("Return C.", "utf-8")
    add(folder, embedder, [documents])
    with pytest.raises(BadSnapshotError, match="cannot be restored"):
        restore(LocalBackend(folder), bad, silent, force=True)
    assert texts(folder, embedder) == {"Return B.", "Return C."}
    assert not list(folder.parent.glob("**/out"))
    assert not list(folder.parent.glob("*.staging-*"))


def test_a_truncated_or_foreign_file_is_refused(folder: Path, taken: Path, tmp_path: Path) -> None:
    whole = taken.read_bytes()
    bad = tmp_path / "bad.tar.gz"
    for content in (b"", b"no archive", *(whole[: len(whole) * part // 10] for part in range(1, 10))):
        bad.write_bytes(content)
        with pytest.raises(BadSnapshotError):
            restore(LocalBackend(tmp_path / "other" / "index"), bad, silent)
    with pytest.raises(UsageError, match="There is no file"):
        restore(LocalBackend(folder), tmp_path / "none", silent, force=True)


def test_a_catalogue_that_acts_is_refused(
    folder: Path, embedder: Embedder, taken: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(folder / NAME)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER acting AFTER INSERT ON due BEGIN DELETE FROM passages WHERE 1; END"
        )
    snapshot(folder, taken, silent)
    with pytest.raises(BadSnapshotError, match="not one of an index"):
        restore(LocalBackend(tmp_path / "other" / "index"), taken, silent)


def test_nothing_to_take_a_snapshot_of(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="index add"):
        snapshot(folder, tmp_path / "snapshot.tar.gz", silent)


def write_on(folder: Path, documents: Path, embedder: Embedder, done: Event) -> None:
    """Give two documents the same number, again and again: half a change would show two numbers."""
    number = 0
    while not done.is_set():
        number += 1
        lines = "".join(f'{{"_id": "{one}", "text": "Return {number}."}}\n' for one in "xy")
        (documents / "c.jsonl").write_text(lines, "utf-8")
        add(folder, embedder, [documents])


def test_a_snapshot_is_consistent_while_another_process_writes(
    folder: Path, documents: Path, embedder: Embedder, tmp_path: Path
) -> None:
    (documents / "c.jsonl").write_text(
        '{"_id": "x", "text": "Return 0."}\n{"_id": "y", "text": "Return 0."}\n', "utf-8"
    )
    add(folder, embedder, [documents])
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    writer = context.Process(target=write_on, args=(folder, documents, embedder, done))
    writer.start()
    try:
        for number in range(5):
            snapshot(folder, tmp_path / f"{number}.tar.gz", silent)
    finally:
        done.set()
        writer.join()
    assert writer.exitcode == 0
    for number in range(5):
        home = tmp_path / f"{number}" / "index"
        restore(LocalBackend(home), tmp_path / f"{number}.tar.gz", silent)
        assert len(texts(home, embedder)) == 1
        assert status(home).passages == 2
        shutil.rmtree(home)
