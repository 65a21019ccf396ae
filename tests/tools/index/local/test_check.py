import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from models.embeddings.names import Embedder
from state.errors import WarrantError
from tools.index.errors import DamagedError
from tools.index.ingest import add
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import NAME
from tools.index.local.check import check
from tools.index.local.fault import Fault
from tools.index.local.fold import Sizes
from tools.index.local.holdings import status
from tools.index.local.repair import repair
from tools.index.search import Index

ROUNDS = 25
"""Damages of each kind; more of them by hand."""


@pytest.fixture
def filled(folder: Path, documents: Path, embedder: Embedder) -> Path:
    """An index of some documents."""
    for number in range(12):
        text = f"# Returns {number}\n\nReturn article {number} within {number} days.\n"
        (documents / f"{number}.md").write_text(text, "utf-8")
    add(folder, embedder, [documents])
    return folder


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / NAME)) as connection, connection:
        connection.execute(statement, values)


def scored(folder: Path, embedder: Embedder) -> list[tuple[str, float | None, float | None]]:
    """What is found, with the scores of both legs."""
    found = Index(folder, embedder).search("return 9", 50, 50, frozenset())
    return sorted((one.text, one.scores.sparse, one.scores.dense) for one in found)


def texts(folder: Path, embedder: Embedder) -> list[str]:
    return [one.text for one in Index(folder, embedder).search("return", 50, 50, frozenset())]


def faults(folder: Path) -> list[Fault]:
    return check(LocalBackend(folder))


def mend(folder: Path, embedder: Embedder) -> list[Fault]:
    return repair(LocalBackend(folder), embedder)


def test_a_sound_index_has_no_fault(filled: Path, folder: Path, embedder: Embedder) -> None:
    assert faults(filled) == []
    assert mend(filled, embedder) == []
    assert faults(folder.with_name("none")) == []


def test_the_tail_is_made_anew(filled: Path, embedder: Embedder) -> None:
    expected = texts(filled, embedder)
    change(filled, "UPDATE legs SET vector = zeroblob(256) WHERE passage = 1")
    change(filled, "UPDATE legs SET vector = x'00' WHERE passage = 2")
    change(filled, "UPDATE legs SET terms = x'ffffff7f' WHERE passage = 3")
    change(filled, "UPDATE legs SET terms = x'00' WHERE passage = 4")
    change(filled, "UPDATE legs SET label_set = 99 WHERE passage = 5")
    change(filled, "DELETE FROM legs WHERE passage = 6")
    assert [one.problem for one in faults(filled)] == [
        "Terms or vectors of 6 passages are damaged or missing."
    ]
    assert all(one.repairable for one in mend(filled, embedder))
    assert faults(filled) == []
    assert sorted(texts(filled, embedder)) == sorted(expected)


def test_what_was_removed_but_is_still_searched_is_taken_out(filled: Path, embedder: Embedder) -> None:
    gone = texts(filled, embedder)[0]
    change(filled, "DELETE FROM passages WHERE text = ?", gone)
    assert [one.problem for one in faults(filled)] == [
        "Terms or vectors of 1 passages are damaged or missing."
    ]
    mend(filled, embedder)
    assert faults(filled) == []
    assert len(texts(filled, embedder)) == 11


def test_a_source_that_is_not_what_was_read_is_read_again(
    filled: Path, documents: Path, embedder: Embedder
) -> None:
    expected = sorted(texts(filled, embedder))
    change(filled, "UPDATE passages SET text = replace(text, 'article', 'particle') WHERE id = 3")
    change(filled, "UPDATE passages SET title = 'no JSON' WHERE id = 5")
    change(filled, "UPDATE sources SET own = '[\"hr\"]' WHERE id = 6")
    assert [one.problem for one in faults(filled)] == ["3 sources are not what was read."]
    assert mend(filled, embedder)
    assert faults(filled) == []
    assert len(status(filled).unfinished) == 3
    assert add(filled, embedder, [documents]).added == 3
    assert sorted(texts(filled, embedder)) == expected


def test_a_text_that_is_not_what_was_written_is_never_returned(filled: Path, embedder: Embedder) -> None:
    change(filled, "UPDATE passages SET text = replace(text, 'article', 'particle') WHERE id = 3")
    with pytest.raises(DamagedError, match="warrant index check"):
        texts(filled, embedder)


def test_what_dangles_cannot_be_repaired(filled: Path, embedder: Embedder) -> None:
    change(filled, "DELETE FROM files WHERE path LIKE '%/3.md'")
    assert [(one.problem, one.repairable) for one in mend(filled, embedder)] == [
        ("1 sources have no file.", False)
    ]


def test_an_index_without_its_catalogue_is_not_an_empty_one(folded: Path, embedder: Embedder) -> None:
    (folded / NAME).unlink()
    for used in (lambda: texts(folded, embedder), lambda: status(folded), lambda: add(folded, embedder, [])):
        with pytest.raises(DamagedError, match="has lost its"):
            used()
    assert [one.repairable for one in faults(folded)] == [False]


def flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice([1, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def truncate(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data))]


def lose(data: bytearray, chance: random.Random) -> None:
    """The file is gone."""


@pytest.mark.parametrize("damage", [flip, truncate])
def test_whatever_is_damaged_in_the_catalogue_is_an_error_with_a_way_out(
    filled: Path,
    documents: Path,
    embedder: Embedder,
    damage: Callable[[bytearray, random.Random], bytearray],
    tmp_path: Path,
) -> None:
    expected = set(texts(filled, embedder))
    with closing(sqlite3.connect(filled / NAME)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = (filled / NAME).read_bytes()
    chance = random.Random(20)
    for number in range(ROUNDS):
        copy = tmp_path / f"{number}" / "index"
        copy.mkdir(parents=True)
        (copy / NAME).write_bytes(damage(bytearray(whole), chance))
        for used in (
            lambda copy=copy: set(texts(copy, embedder)) <= expected or pytest.fail("a wrong text"),
            lambda copy=copy: status(copy),
            lambda copy=copy: faults(copy),
            lambda copy=copy: add(copy, embedder, [documents]),
        ):
            try:
                used()
            except WarrantError as error:
                assert error.way_out
        shutil.rmtree(copy.parent)


@pytest.fixture
def folded(folder: Path, documents: Path, embedder: Embedder) -> Path:
    """An index with blocks, dead rows in them, and a tail."""
    backend = LocalBackend(folder, Sizes(fold=4, factor=3))
    for number in range(30):
        (documents / f"{number}.md").write_text(f"Return {number}.", "utf-8")
    add(backend, embedder, [documents])
    (documents / "3.md").unlink()
    (documents / "30.md").write_text("Return 30.", "utf-8")
    add(backend, embedder, [documents], prune=True)
    assert faults(folder) == []
    return folder


def block_files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "blocks").rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", [flip, truncate, lose])
def test_every_file_of_a_block_is_compared_and_made_anew(
    folded: Path,
    embedder: Embedder,
    damage: Callable[[bytearray, random.Random], bytearray | None],
    tmp_path: Path,
) -> None:
    expected = scored(folded, embedder)
    whole = {text for text, *_ in expected}
    assert len(whole) == 30
    chance = random.Random(21)
    for number, path in enumerate(block_files(folded)):
        copy = tmp_path / f"{number}" / "index"
        shutil.copytree(folded, copy)
        broken = copy / path.relative_to(folded)
        damaged = damage(bytearray(path.read_bytes()), chance)
        broken.unlink()
        if damaged is not None:
            broken.write_bytes(damaged)
        try:
            assert set(texts(copy, embedder)) <= whole
        except DamagedError as error:
            assert "warrant index check" in error.way_out
        fault = faults(copy)[0]
        assert (fault.part, fault.repairable) == (f"blocks/{path.parent.name}", True)
        mend(copy, embedder)
        assert faults(copy) == []
        assert scored(copy, embedder) == expected


@pytest.mark.parametrize("damage", ["crash", "lose"])
def test_damaged_graphs_are_found_without_ending_this_process_and_filled_again(
    folder: Path, documents: Path, embedder: Embedder, damage: str
) -> None:
    lines = "".join(f'{{"_id": "{number}", "text": "Return {number}."}}\n' for number in range(1_200))
    (documents / "many.jsonl").write_text(lines, "utf-8")
    add(LocalBackend(folder, Sizes(fold=500, exact_below=500)), embedder, [documents])
    assert faults(folder) == []
    if damage == "crash":
        (data,) = (folder / "vectors").rglob("data_level0.bin")
        data.write_bytes(data.read_bytes()[:1000] + random.Random(1).randbytes(data.stat().st_size - 1000))
    else:
        (folder / "vectors" / "chroma.sqlite3").unlink()
    assert [(one.part, one.repairable) for one in faults(folder)] == [("vectors", True)]
    mend(folder, embedder)
    assert faults(folder) == []
