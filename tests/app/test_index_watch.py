import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.index.local.lock import exclusive

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which a test fails; it never waits without something to wait for."""


class Watching:
    """A `warrant index watch` that runs, and the lines that it says."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from app.cli import main; main()",
                "index",
                "watch",
                "--json",
                *arguments,
            ],
            cwd=home,
            env={**os.environ, "PYTHONPATH": str(ROOT), "WARRANT_HOME": str(home / "home"), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, wanted: Callable[[str], bool]) -> str:
        while not wanted(line := self.lines.get(timeout=PATIENCE)):
            pass
        return line

    def says(self, sentence: str) -> None:
        self.until(lambda line: sentence in line)

    def sums_to(self, **wanted: int) -> None:
        """Rounds follow until together they did so much."""
        left = dict(wanted)
        while any(left.values()):
            done: dict[str, Any] = json.loads(self.until(lambda line: line.startswith("{")))
            left = {name: number - done[name] for name, number in left.items()}
            assert all(number >= 0 for number in left.values()), (wanted, done)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        assert self.process.wait(PATIENCE) == 0
        self._reading.join(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "a.md").write_text("Return A.", "utf-8")
    return made


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_every_change_of_a_folder_is_followed(documents: Path, watching: Callable[..., Watching]) -> None:
    process = watching("documents")
    process.sums_to(added=1, passages=1)
    process.says("Watching")

    (documents / "a.md").write_text("Return A, later.", "utf-8")
    process.sums_to(changed=1)

    # Many editors write another file, which is then renamed.
    (documents / ".a.md.swp").write_text("Return A, even later.", "utf-8")
    (documents / ".a.md.swp").replace(documents / "a.md")
    process.sums_to(changed=1)

    (documents / "inner").mkdir()
    (documents / "inner" / "b.md").write_text("Return B.", "utf-8")
    (documents / "notes.unknown").write_text("nothing", "utf-8")
    process.sums_to(added=1)
    for number in range(30):
        (documents / f"burst-{number}.md").write_text(f"Return {number}.", "utf-8")
    process.sums_to(added=30)

    (documents / "broken.pdf").write_bytes(b"no PDF")
    process.says("skipped documents/broken.pdf")
    (documents / "inner").rename(documents / "renamed")
    process.sums_to(added=1, removed=1)
    shutil.rmtree(documents / "renamed")
    process.sums_to(removed=1)
    process.end(signal.SIGINT)


def test_what_changed_before_is_caught_up_and_the_folder_is_remembered(
    documents: Path, watching: Callable[..., Watching]
) -> None:
    first = watching("documents")
    first.says("Watching")
    first.end()
    (documents / "a.md").unlink()
    (documents / "b.md").write_text("Return B.", "utf-8")
    second = watching()
    second.sums_to(added=1, removed=1)
    second.end()


def test_a_folder_that_vanishes_keeps_its_sources_and_is_watched_again_when_it_is_back(
    documents: Path, watching: Callable[..., Watching]
) -> None:
    process = watching("documents")
    process.says("Watching")
    away = documents.rename(documents.with_name("away"))
    process.says("is gone; what the index has of it stays")
    (away / "a.md").write_text("Return A, later.", "utf-8")
    away.rename(documents)
    process.sums_to(changed=1)
    (documents / "b.md").write_text("Return B.", "utf-8")
    process.sums_to(added=1)
    process.end()


def test_a_file_alone_is_followed_through_renames_and_removal(
    documents: Path, watching: Callable[..., Watching]
) -> None:
    process = watching("documents/a.md")
    process.says("Watching")
    (documents / "beside.md").write_text("Return B.", "utf-8")
    (documents / "new").write_text("Return A, later.", "utf-8")
    (documents / "new").replace(documents / "a.md")
    process.sums_to(added=0, changed=1)
    (documents / "a.md").unlink()
    process.sums_to(removed=1)
    (documents / "a.md").write_text("Return A, again.", "utf-8")
    process.sums_to(added=1)
    process.end()


def test_a_changed_sidecar_takes_effect(documents: Path, watching: Callable[..., Watching]) -> None:
    process = watching("documents")
    process.says("Watching")
    (documents / "a.md.labels.toml").write_text('labels = ["hr"]', "utf-8")
    process.sums_to(relabelled=1, added=0, changed=0)
    process.end()


def test_another_writer_is_waited_for(
    documents: Path, tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    process = watching("documents")
    process.says("Watching")
    with exclusive(tmp_path / "home" / "index"):
        (documents / "a.md").write_text("Return A, later.", "utf-8")
        process.says("waiting for it")
    process.sums_to(changed=1)
    process.end()


def test_polling_needs_nothing_from_the_operating_system(
    documents: Path, watching: Callable[..., Watching]
) -> None:
    process = watching("documents", "--poll", "0.2")
    process.says("Watching")
    (documents / "b.md").write_text("Return B.", "utf-8")
    process.sums_to(added=1)
    process.end()


def test_nothing_to_watch_is_an_error(tmp_path: Path, watching: Callable[..., Watching]) -> None:
    for arguments in ((), ("gone",)):
        process = watching(*arguments)
        process.says("warrant index watch PATH" if not arguments else "There is nothing to watch")
        assert process.process.wait(PATIENCE) == 2
