"""Nobody learns anything of what they may not read; and the table would say so if somebody did."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.leakage import Table, measured, tried
from benchmarks.leaking import EVERY, World
from state.label_policy import rules_digest
from state.passage import Passage
from state.settings import PROJECT
from tools.index.search import Index

INDEPENDENT = {"order", "scores", "candidates"}
"""What must not depend on passages that the caller may not read."""


class Leaky(Index):
    """An index that forgets who asks, and what it gives to whom."""

    def search(self, query: str, passages: int, candidates: int, labels: frozenset[str]) -> list[Passage]:
        found = super().search(query, passages, candidates, EVERY)
        return [one.model_copy(update={"labels": ()}) for one in found]

    def source_text(self, source: str, labels: frozenset[str]) -> str:
        return super().source_text(source, EVERY)

    def is_empty(self, labels: frozenset[str] | None = None) -> bool:
        return super().is_empty()


@pytest.fixture(scope="module")
def table() -> Table:
    return measured(worlds=1, callers=2, queries=2, documents=12, seed=7)


def test_no_channel_leaks(table: Table) -> None:
    assert min(table.attempts.values()) > 0
    assert {one for one, leaks in table.leaks.items() if leaks} <= INDEPENDENT


def test_what_others_may_read_changes_neither_order_nor_scores(table: Table) -> None:
    assert sum(table.leaks[one] for one in INDEPENDENT) == 0


def test_every_channel_sees_an_index_that_leaks(tmp_path: Path) -> None:
    world, seen = World(tmp_path, 7, 12), Table()
    world.index = Leaky(tmp_path / "all", world.embedder, rules=rules_digest(world.rules))
    tried(world, callers=2, queries=1, table=seen)
    blind = {one for one in seen.attempts if not seen.leaks[one]}
    # The cache is compared with itself, and the graph asks anew who may read what a thread has read.
    assert blind <= {"cache", "resumed thread"}


def test_the_command_prints_the_table() -> None:
    few = ["--worlds", "1", "--callers", "1", "--queries", "1", "--documents", "8", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.leakage", *few],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert json.loads(done.stdout)["results"]["attempts"] == 1, done.stderr
