"""Looking at Chroma's graphs in another process: damaged files of theirs end the process that opens them."""

from pathlib import Path
from typing import TYPE_CHECKING

from state.errors import WarrantError
from tools.index.local.catalogue import read_meta, reading
from tools.index.local.check import told
from tools.index.local.graphs import Graphs
from tools.index.local.shelf import Shelf

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def probe(folder: Path) -> list[str]:
    """What Chroma does not have of what it was told, and whether it answers; nothing if all is well."""
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
        answer.send(_problems(folder))
    except WarrantError as error:
        answer.send([error.message])


def _problems(folder: Path) -> list[str]:
    graphs, shelf = Graphs(folder), Shelf(folder)
    with reading(folder) as connection:
        if connection is None:
            return []
        meta = read_meta(connection)
        parts = shelf.parts(connection, meta, None)
        found = list(told(folder, meta, parts, graphs))
        if not found and meta.graphs == graphs.url:
            for part in parts:
                if part.told:
                    # A graph is approximate: that it answers is all that can be asked of it.
                    graphs.nearest(meta, part.label_set, part.rows.vectors[0], 1)
    graphs.close()
    shelf.close()
    return found
