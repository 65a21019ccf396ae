import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from state.errors import UsageError
from tests.tools.index.conftest import Hashing
from tools.index.ingest import BATCH_PASSAGES, add
from tools.index.local.holdings import status
from tools.index.search import Index

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


def search(folder: Path, model: str, begun: Event, done: Event, answer: Connection) -> None:
    """Search on and on; each time everything must be found."""
    index = Index(folder, named(model), resolve=named)
    searches = 0
    while True:
        last = done.is_set()
        found = {one.text for one in index.search("return", 1_000, 1_000, frozenset())}
        assert found == TEXTS, len(found)
        begun.set()
        searches += 1
        if last:
            answer.send(searches)
            return


@pytest.fixture
def filled(folder: Path, documents: Path, embedder: Hashing) -> Path:
    lines = "".join(json.dumps({"_id": text, "text": text}) + "\n" for text in sorted(TEXTS))
    (documents / "c.jsonl").write_text(lines, "utf-8")
    add(folder, embedder, [documents])
    return folder


def test_searches_go_on_while_a_rebuild_is_killed_goes_on_and_ends(filled: Path) -> None:
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
        rebuild = context.Process(target=add, args=(filled, Mortal(1), []), kwargs={"rebuild": True})
        rebuild.start()
        rebuild.join()
        assert rebuild.exitcode == -signal.SIGKILL
        assert status(filled).embedded_anew == {"other": BATCH_PASSAGES}
        # One that begins now, with the policy of the new model.
        start("other")
        add(filled, Mortal(1), [], rebuild=True)
        assert (status(filled).embedding, status(filled).embedded_anew) == ("other", {})
    finally:
        done.set()
        for process, _ in searching:
            process.join()
    assert [process.exitcode for process, _ in searching] == [0, 0]
    assert all(answer.recv() for _, answer in searching)


def test_a_policy_that_names_another_model_while_nobody_rebuilds_is_an_error(filled: Path) -> None:
    with pytest.raises(UsageError, match="--rebuild"):
        Index(filled, named("other"), resolve=named).search("return", 5, 5, frozenset())
