import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from state.errors import UsageError
from tests.tools.index.conftest import Hashing
from tools.index.backend import Backend
from tools.index.ingest import BATCH_PASSAGES, add
from tools.index.local.backend import LocalBackend
from tools.index.postgres.backend import PostgresBackend
from tools.index.search import Index
from tools.index.status import Status

TEXTS = {f"Return number {number}." for number in range(2 * BATCH_PASSAGES)}


class Mortal(Hashing):
    """A model that takes its process along after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__("other", 32)
        self._left = batches

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
        return super().embed(texts)


def named(name: str) -> Hashing:
    return Hashing(name, 32 if name == "other" else 64)


Open: TypeAlias = Callable[[], Backend]
"""Opens the same index in any process."""


def rebuild(open_: Open) -> None:
    with closing(open_()) as index:
        add(index, Mortal(1), [], rebuild=True)


def search(open_: Open, model: str, begun: Event, done: Event, answer: Connection) -> None:
    """Search on and on; each time everything must be found."""
    with closing(open_()) as opened:
        answer.send(searches(Index(opened, named(model), resolve=named), begun, done))


def searches(index: Index, begun: Event, done: Event) -> int:
    """How many there were until it is done."""
    number = 0
    while True:
        last = done.is_set()
        found = {one.text for one in index.search("return", 1_000, 1_000, frozenset())}
        assert found == TEXTS, len(found)
        begun.set()
        number += 1
        if last:
            return number


@pytest.fixture(params=["folder", "PostgreSQL"])
def filled(request: pytest.FixtureRequest, folder: Path, documents: Path, embedder: Hashing) -> Open:
    open_: Open = partial(LocalBackend, folder)
    if request.param == "PostgreSQL":
        made: PostgresBackend = request.getfixturevalue("on_server")()
        open_ = partial(PostgresBackend, request.getfixturevalue("server"), made.schema)
    lines = "".join(json.dumps({"_id": text, "text": text}) + "\n" for text in sorted(TEXTS))
    (documents / "c.jsonl").write_text(lines, "utf-8")
    with closing(open_()) as index:
        add(index, embedder, [documents])
    return open_


def status(open_: Open) -> Status:
    with closing(open_()) as index:
        return index.status()


def test_searches_go_on_while_a_rebuild_is_killed_goes_on_and_ends(filled: Open) -> None:
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    searching = []

    def start(model: str) -> None:
        begun = context.Event()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=search, args=(filled, model, begun, done, theirs))
        process.start()
        theirs.close()
        searching.append((process, ours))
        while not begun.wait(0.1):
            assert process.is_alive()

    start("hashing")
    try:
        killed = context.Process(target=rebuild, args=(filled,))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        assert status(filled).embedded_anew == {"other": BATCH_PASSAGES}
        # One that begins now, with the policy of the new model.
        start("other")
        rebuild(filled)
        found = status(filled)
        assert (found.embedding, found.embedded_anew) == ("other", {})
    finally:
        done.set()
        for process, _ in searching:
            process.join()
    assert [process.exitcode for process, _ in searching] == [0, 0]
    assert all(answer.recv() for _, answer in searching)


def test_a_policy_that_names_another_model_while_nobody_rebuilds_is_an_error(filled: Open) -> None:
    with closing(filled()) as index, pytest.raises(UsageError, match="--rebuild"):
        Index(index, named("other"), resolve=named).search("return", 5, 5, frozenset())
