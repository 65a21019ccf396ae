"""Giving what is indexed the labels of today's sidecars and rules, without reading a document."""

from dataclasses import dataclass, field
from pathlib import Path

from models.embeddings.names import Embedder
from tools.index.backend import Backend, Writer
from tools.index.files import Broken
from tools.index.labels import Labels
from tools.index.local.backend import opened


@dataclass
class Relabelled:
    """What applying labels did."""

    files: int = 0
    """Files that were looked at."""
    changed: int = 0
    """Sources whose readers are others now."""
    broken: list[Broken] = field(default_factory=list)
    """Files that nobody may read, since a sidecar is unclear."""


def label(where: Backend | Path, embedder: Embedder, labels: Labels) -> Relabelled:
    """Apply sidecars and rules to everything that the index has.

    Raises:
        BusyError: another process is writing to the index.
        UsageError: the index was made with another embedding model.
        WarrantError: the index is damaged, or the disk is full.
    """
    with opened(where).writing(embedder) as writer:
        return relabel(writer, labels)


def relabel(writer: Writer, labels: Labels) -> Relabelled:
    """Apply them to an open index. A search by other rules is refused until all of it is done."""
    done = Relabelled()
    for path in writer.paths():
        known = writer.known(path)
        given, error = labels.surely(path, known.given if known else ())
        done.files += 1
        if known and given != known.given:
            done.changed += writer.relabel(path, given)
        if known and error:
            done.broken.append(Broken(known.name, error))
    writer.applied(labels.digest)
    return done
