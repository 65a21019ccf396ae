"""Looking at Chroma's copy of the vectors in another process: damaged files of its graph end a process."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from state.errors import WarrantError
from tools.index.catalogue import reading
from tools.index.vectors import Vectors

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BATCH = 1_000


def probe(folder: Path) -> str:
    """What is wrong with the vectors that Chroma holds, compared with the catalogue; empty if nothing."""
    from multiprocessing import get_context

    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        problem: str = ours.recv()
    except EOFError:
        problem = "Chroma crashes when it opens its files."
    finally:
        ours.close()
        process.join()
    return problem


def _answer(folder: Path, answer: "Connection") -> None:
    try:
        answer.send(_compare(folder))
    except WarrantError as error:
        answer.send(error.message)


def _compare(folder: Path) -> str:
    with reading(folder) as connection, closing(Vectors(folder)) as vectors:
        if connection is None:
            return ""
        told = connection.execute(
            "SELECT passage, vector FROM legs WHERE passage NOT IN (SELECT passage FROM due) ORDER BY passage"
        )
        held, expected, wrong = vectors.count(), 0, 0
        while rows := told.fetchmany(BATCH):
            expected += len(rows)
            wrong += _differing(vectors, dict(rows))
        (gone,) = connection.execute("SELECT count(*) FROM due").fetchone()
    if not expected <= held <= expected + gone:
        return f"Chroma holds {held} vectors, not {expected}."
    return f"{wrong} of {expected} vectors that Chroma holds are not those of the catalogue." if wrong else ""


def _differing(vectors: Vectors, expected: dict[int, bytes]) -> int:
    """How many of these Chroma has otherwise or not at all, or does not find."""
    stored = vectors.stored(list(expected))
    ours = {passage: np.frombuffer(vector, np.float32) for passage, vector in expected.items()}
    wrong = sum(
        passage not in stored or not np.allclose(stored[passage], vector, atol=1e-4)
        for passage, vector in ours.items()
    )
    # A graph is approximate: that it answers is all that can be asked of it.
    return wrong or int(not vectors.nearest(next(iter(ours.values())), 1, None))
