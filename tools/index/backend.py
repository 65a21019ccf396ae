"""What keeps an index: the shapes that searching and ingestion work with, whatever stands behind them."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.embeddings.names import Embedder
from state.passage import Passage
from tools.index.candidates import Candidates, Query
from tools.index.records import Entry, Finished, Kept, Known, Waiting
from tools.index.status import Status


class Proposal(NamedTuple):
    """A question as the index sees it, and what may answer it."""

    query: Query
    candidates: Candidates


class Labelled(NamedTuple):
    """The ACL labels of sources, and the rules by which they have them."""

    rules: str
    """Digest of the label rules that were applied; empty for none."""
    labels: dict[str, frozenset[str]]
    """By source."""


class Reader(Protocol):
    """One consistent version of an index as one caller may read it; it knows nothing of other passages.

    Every score, count and order that it gives is that of an index without the passages that the caller may
    not read.
    """

    def propose(self, query: str, vector: NDArray[np.float32], count: int) -> Proposal | None:
        """The best `count` passages of each leg, and those beside them; None if there is nothing to read."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """These passages, in this order, without scores."""
        ...

    def beside(self, id_: int, characters: int) -> list[Passage]:
        """A passage and those around it in its source, in their order, within so many characters of it."""
        ...

    def rules(self) -> str:
        """Digest of the label rules that were applied; empty for none."""
        ...

    def source_text(self, source: str) -> str | None:
        """The extracted text of a source; None if there is none that the caller may read."""
        ...


class Writer(Protocol):
    """An index open for writing, by one process at a time; each method is whole or absent after a crash."""

    def known(self, path: Path) -> Known | None:
        """What is known of a file; None if it was never indexed."""
        ...

    def is_free(self, name: str) -> bool:
        """Whether no file has this name yet."""
        ...

    def paths(self) -> list[Path]:
        """Every file that is known."""
        ...

    def digests(self, path: Path) -> dict[str, str]:
        """The sources of a file and their digests."""
        ...

    def register(self, path: Path, name: str, given: Sequence[str] = ()) -> None:
        """Take up a file, so that its sources have a name and its labels whatever happens next."""
        ...

    def relabel(self, path: Path, given: Sequence[str]) -> int:
        """Give a known file other labels beside those of its sources; returns how many sources changed."""
        ...

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        ...

    def set_roots(self, folders: Sequence[Path]) -> None:
        """Remember these folders instead of those that were."""
        ...

    def rules(self) -> str:
        """Digest of the label rules that were applied last; empty for none."""
        ...

    def applied(self, rules: str) -> None:
        """Remember that every file has the labels of these rules."""
        ...

    def write(self, entries: Iterable[Entry], finished: Iterable[Finished]) -> int:
        """Replace sources and close files, all or nothing; returns how many sources were removed."""
        ...

    def forget(self, path: Path) -> int:
        """Remove a file; returns how many sources it had."""
        ...

    def waiting(self, model: str, count: int) -> list[Waiting]:
        """Passages that have no vector of this model yet; none if the index was made with it."""
        ...

    def stage(self, model: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep vectors of another model beside those that are searched."""
        ...

    def adopt(self, embedder: Embedder) -> None:
        """Search with the staged vectors from now on, all at once."""
        ...

    def settle(self) -> None:
        """Finish what a killed writer left, and put in order what was written."""
        ...


class Backend(Protocol):
    """Where an index lies. Its methods block, and may be called from several threads."""

    def reading(self, embedder: Embedder, labels: frozenset[str]) -> AbstractContextManager[Reader | None]:
        """One version, as a holder of these ACL labels may read it; None if there is no index yet.

        Raises:
            UsageError: it was made with another embedding model.
            WarrantError: it is damaged or cannot be opened.
        """
        ...

    def writing(self, embedder: Embedder, *, rebuild: bool = False) -> AbstractContextManager[Writer]:
        """Hold the index for writing; it is made if there is none.

        Raises:
            BusyError: another process holds it.
            UsageError: it was made with another embedding model, and `rebuild` is false.
            WarrantError: it is damaged, or there is no space left.
        """
        ...

    def is_empty(self, labels: frozenset[str] | None = None) -> bool:
        """Whether there is nothing to be found by a holder of these labels; None: whoever asks."""
        ...

    def labelled(self, sources: Sequence[str]) -> Labelled | None:
        """The labels of those sources that are indexed, whoever may read them; None if there is no index."""
        ...

    def status(self) -> Status:
        """What it holds."""
        ...

    def rebuilt_with(self) -> set[str]:
        """The models with which an unfinished rebuild has begun to embed the passages."""
        ...

    def kept(self) -> list[Kept]:
        """Every file that it knows, as it was read."""
        ...

    def roots(self) -> list[Path]:
        """The folders that were added as a whole."""
        ...

    def knows(self, path: Path) -> bool:
        """Whether it knows this file, or one in this folder."""
        ...

    def close(self) -> None:
        """Let go of files and connections; the next use opens them again."""
        ...
