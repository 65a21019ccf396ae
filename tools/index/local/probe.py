"""Looking at Chroma's graphs: in another process, since damaged files of theirs end that which opens them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from state.errors import WarrantError
from tools.index.local import guard
from tools.index.local.catalogue import Meta, read_meta, reading
from tools.index.local.fault import Fault
from tools.index.local.graphs import FOLDER, Graphs
from tools.index.local.shelf import Shelf
from tools.index.local.view import Part

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def probe(folder: Path, url: str) -> list[Fault]:
    """What Chroma does not have of what it was told, and whether it answers; nothing if all is well.

    Args:
        folder: Of the index.
        url: Of the Chroma server; empty if its files lie in the folder.

    Raises:
        WarrantError: the server does not answer.
    """
    if url:
        found = _problems(folder, url)
    elif (folder / FOLDER).is_dir():
        found = _apart(folder)
    else:
        found = []
    return [Fault(part=url or FOLDER, problem=one, repairable=True) for one in found]


def _apart(folder: Path) -> list[str]:
    """What is wrong with its files, as another process sees them."""
    from multiprocessing import get_context

    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        problems: list[str] = ours.recv()
    except EOFError:
        problems = ["Chroma crashes when it opens its files."]
    finally:
        ours.close()
        process.join()
    return problems


def _answer(folder: Path, answer: "Connection") -> None:
    try:
        with guard.shared(folder, guard.WAIT_SECONDS):
            answer.send(_problems(folder, ""))
    except WarrantError as error:
        answer.send([error.message])


def _problems(folder: Path, url: str) -> list[str]:
    with (
        reading(folder) as connection,
        closing(Graphs(folder, url)) as graphs,
        closing(Shelf(folder)) as shelf,
    ):
        if connection is None:
            return []
        meta = read_meta(connection)
        # What another server was told, or files that are no longer used, is of no concern.
        if meta.graphs != url:
            return []
        told = [part for part in shelf.parts(connection, meta, None) if part.told]
        found = list(_missing(meta, told, graphs))
        if not found:
            for part in told:
                # A graph is approximate: that it answers is all that can be asked of it.
                graphs.nearest(meta, part.label_set, part.rows.vectors[0], 1)
        return found


def _missing(meta: Meta, told: list[Part], graphs: Graphs) -> Iterator[str]:
    rows_of: Counter[int] = Counter()
    for part in told:
        rows_of[part.label_set] += part.told - int(np.searchsorted(part.dead, part.told))
    for label_set, rows in rows_of.items():
        if (there := graphs.count(meta, label_set)) < rows:
            yield f"Chroma holds {there} of the {rows} vectors of label set {label_set}."
