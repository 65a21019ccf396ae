"""Making good what is damaged in an index, from what is not."""

import shutil

from models.embeddings.names import Embedder
from tools.index.chunks import embedded
from tools.index.local import guard
from tools.index.local.backend import LocalBackend
from tools.index.local.catalogue import NAME, read_meta, reading
from tools.index.local.check import check, damaged_sources
from tools.index.local.fault import Fault
from tools.index.local.graphs import FOLDER, Graphs
from tools.index.local.lock import exclusive
from tools.index.local.losses import Losses, losses

BATCH = 256


def repair(index: LocalBackend, embedder: Embedder) -> list[Fault]:
    """Make good what can be; returns what was found. Only those passages are embedded that need it.

    Sources whose text is damaged are removed, and the next `add` reads their files again.

    Raises:
        BusyError: another process is writing to the index.
        OtherModelError: it was made with another embedding model.
    """
    found = check(index)
    if not found or not all(fault.repairable for fault in found):
        return found
    with reading(index.folder) as connection:
        lost = losses(index.folder, connection) if connection else Losses({}, [])
        doubtful = damaged_sources(connection) if connection else []
    graphs = any(fault.part in (FOLDER, index.chroma_url) for fault in found)
    if graphs:
        _clear(index)
    with index.writing(embedder) as writer:
        # Before anything else, since a block that cannot be read stands in the way of the rest.
        writer.unplace(list(lost.blocks), lost.passages)
        if graphs:
            writer.tell_anew()
        writer.doubt(doubtful)
        for start in range(0, len(lost.passages), BATCH):
            waiting = writer.named(lost.passages[start : start + BATCH])
            writer.mend(waiting, embedder.embed([embedded(one.title, one.text) for one in waiting]))
    return found


def _clear(index: LocalBackend) -> None:
    """Remove everything that Chroma has of the index."""
    with exclusive(index.folder), reading(index.folder) as connection:
        assert connection is not None, NAME
        if not index.chroma_url:
            with guard.exclusive(index.folder):
                shutil.rmtree(index.folder / FOLDER)
            return
        graphs = Graphs(index.folder, index.chroma_url)
        try:
            graphs.keep(set(), read_meta(connection))
        finally:
            graphs.close()
