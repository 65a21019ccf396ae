"""Hostile files: none crashes or hangs the ingestion, each is reported, or indexed as a reader sees it."""

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.tools.index.hostile import docxs, htmls, lines, pdfs, places, texts
from tests.tools.index.hostile.adding import BOUNDS
from tests.tools.index.hostile.case import EITHER, LURE, Case

ROOT = Path(__file__).parents[3]
CASES = list(chain.from_iterable(module.cases() for module in (pdfs, docxs, htmls, texts, lines)))
MEMORY = 1_000_000_000
"""Bytes that the ingesting process may hold at most."""
SECONDS = 300
"""In all; with two cores that do nothing else it is a fifth of that."""


def run(*command: str, where: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WARRANT_HOME": str(where / "home")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Any:
    where = tmp_path_factory.mktemp("hostile")
    folder = where / "documents"
    folder.mkdir()
    for case in CASES:
        (folder / case.name).write_bytes(case.content())
    for name in ["0-first.md", "m-middle.md", "zz-last.md"]:
        (folder / name).write_text("A good file.", "utf-8")
    (folder / "places").mkdir()
    odd = places.make(folder / "places")
    done = run("-m", "tests.tools.index.hostile.adding", "index", "documents", where=where)
    for case in CASES:
        (folder / case.name).unlink()
    places.fill(folder / "places")
    assert (done.returncode, done.stderr) == (0, "")
    return {**json.loads((where / "shown.json").read_text("utf-8")), "odd": odd}


def test_there_are_two_hundred_and_more_of_them() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 400


def test_ingestion_stays_within_its_bounds(added: Any) -> None:
    assert added["seconds"] < SECONDS
    assert added["slowest"] < 2 * BOUNDS.seconds
    assert added["memory"] < MEMORY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_is_reported_or_indexed_as_a_reader_sees_it(case: Case, added: Any) -> None:
    name = f"documents/{case.name}"
    reports = [
        one["error"]
        for one in added["broken"]
        if one["source"] in name or one["source"].startswith(f"{name}:")
    ]
    found = [
        text for source, text in added["texts"].items() if source == name or source.startswith(f"{name}#")
    ]
    if case.documents == EITHER:
        assert len(found) + len(reports) == 1
    else:
        assert (len(found), bool(reports)) == (case.documents, case.reported)
        assert case.holds in "\n".join(found)
    assert not [text for text in found for hidden in case.lacks if hidden in text]
    assert all(report.endswith(".") and report.isprintable() and len(report) < 500 for report in reports)


def _is_of(path: str, source: str) -> bool:
    return source == path or source.startswith((f"{path}#", f"{path}:"))


def test_what_is_no_file_or_has_an_unprintable_name_is_reported(added: Any) -> None:
    reported = [Path(one["source"]).name for one in added["broken"] if "/places/" in one["source"]]
    for beginning in added["odd"]:
        assert any(name.startswith(beginning) for name in reported), beginning
    assert len(reported) == len(added["odd"])


def test_good_files_beside_them_are_indexed(added: Any) -> None:
    good = {"documents/0-first.md", "documents/m-middle.md", "documents/zz-last.md"}
    assert good <= added["texts"].keys()
    long = f"documents/places/{'n' * 252}.md"
    assert added["texts"][long] == "A long name."
    assert any(source.endswith("d/bottom.md") for source in added["texts"])


def test_a_file_that_grows_or_goes_while_it_is_read(tmp_path: Path) -> None:
    from tools.index.document import BrokenDocumentError
    from tools.index.formats import jsonl
    from tools.index.isolation import Isolation

    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(lines.line(_id=number) + b"\n" for number in range(1_000)))
    with path.open("ab") as more, pytest.raises(BrokenDocumentError, match="grows"):
        for _ in jsonl.read(path, "a"):
            more.write(b"\n")
            more.flush()
    reader = Isolation(BOUNDS)
    with pytest.raises(BrokenDocumentError, match="cannot be opened"):
        reader.read("tools.index.formats.plain", tmp_path / "gone.txt", "gone")
    reader.close()


def test_the_command_line_reports_them(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    small = [case for case in CASES if isinstance(case.data, bytes) and len(case.data) < 20_000]
    chosen = [case for case in small if case.reported and case.documents != EITHER]
    for case in chosen:
        (folder / case.name).write_bytes(case.content())
    (folder / "good.md").write_text("A good file.", "utf-8")
    places.make(folder)
    done = run(
        "-c", "from app.cli import main; main()", "index", "add", "documents", "--json", where=tmp_path
    )
    places.fill(folder)
    assert done.returncode == 5, done.stderr
    shown = json.loads(done.stdout)
    reported = {one["source"].removeprefix("documents/").split(":")[0] for one in shown["broken"]}
    assert {case.name for case in chosen} <= reported
    assert shown["added"] >= 2
    assert all(line.isprintable() for line in done.stderr.splitlines())
    assert LURE not in done.stdout
