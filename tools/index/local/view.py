"""What a caller may read of one version of the index: blocks, tail, and the statistics of both together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.index.local.blocks import Block
from tools.index.local.rows import Rows
from tools.index.local.tail import Tail
from tools.index.sparse import Okapi


@dataclass(frozen=True)
class Part:
    """A block as one version of the catalogue sees it."""

    number: int
    folder: str
    label_set: int
    told: int
    """So many of its first rows are known to Chroma."""
    block: Block
    dead: NDArray[np.int64]
    """Rows whose passages are no longer there, ascending."""

    @property
    def rows(self) -> Rows:
        """All of its rows, dead ones too."""
        return self.block.rows

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Number of terms of each row."""
        return self.block.lengths

    @cached_property
    def live(self) -> NDArray[np.bool_] | None:
        """Which rows count; None for all."""
        if not len(self.dead):
            return None
        mask = np.ones(len(self.rows), bool)
        mask[self.dead] = False
        return mask

    @cached_property
    def length(self) -> int:
        """Number of terms of the live rows."""
        return int(self.lengths.sum(dtype=np.int64)) - int(self.lengths[self.dead].sum(dtype=np.int64))

    def of(self, term: int) -> tuple[NDArray[np.int32], NDArray[np.integer[Any]]]:
        """Rows with this term, ascending, dead ones too, and how often they have it."""
        return self.block.postings.of(term)

    def count(self, frequencies: NDArray[np.int64]) -> None:
        """Add the number of live rows of each term."""
        frequencies[self.block.postings.terms] += self.block.postings.frequencies()
        if len(self.dead):
            gone = self.rows.take(self.dead)
            owner = np.repeat(np.arange(len(gone), dtype=np.int64), np.diff(gone.starts))
            once = np.unique(gone.sequence.astype(np.int64) * len(gone) + owner) // len(gone)
            np.subtract.at(frequencies, once, 1)


class TailPart(NamedTuple):
    """The tail, in the shape of a block."""

    tail: Tail
    told: int = 0
    label_set: int = 0
    live: None = None

    @property
    def rows(self) -> Rows:
        """Its rows, none of which is dead."""
        return self.tail.rows

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Number of terms of each row."""
        return self.tail.lengths

    def of(self, term: int) -> tuple[NDArray[np.int32], NDArray[np.integer[Any]]]:
        """Rows with this term, ascending, and how often they have it."""
        return self.tail.of(term)


class Located(NamedTuple):
    """Where passages lie; those that are not in the view are left out."""

    ids: NDArray[np.int64]
    """Ascending."""
    parts: NDArray[np.int64]
    rows: NDArray[np.int64]


class InPart(NamedTuple):
    """Those of the located passages that lie in one part."""

    part: Part | TailPart
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    """Into what was located."""


@dataclass(frozen=True)
class View:
    """The union of the label sets that a caller may read."""

    blocks: Sequence[Part]
    tail: Tail
    okapi: Okapi | None
    """None if there is no passage."""
    settled: NDArray[np.int64]
    """In how many live rows of the blocks each term stands, by its number."""

    @cached_property
    def parts(self) -> list[Part | TailPart]:
        """Everything that is searched."""
        return [*self.blocks, TailPart(self.tail)] if len(self.tail.rows) else list(self.blocks)

    def frequency(self, terms: NDArray[np.int32]) -> NDArray[np.int64]:
        """In how many passages each of these terms stands."""
        found = np.zeros(len(terms), np.int64)
        if self.okapi is not None:
            known = (terms >= 0) & (terms < len(self.okapi.frequencies))
            found[known] = self.okapi.frequencies[terms[known]]
        return found

    def locate(self, ids: NDArray[np.int64]) -> Located:
        """Find passages by their ids."""
        ids = np.unique(ids)
        part, row = np.full(len(ids), -1), np.zeros(len(ids), np.int64)
        for number, one in enumerate(self.parts):
            places = np.searchsorted(one.rows.ids, ids)
            inside = np.flatnonzero(places < len(one.rows))
            inside = inside[one.rows.ids[places[inside]] == ids[inside]]
            if one.live is not None:
                inside = inside[one.live[places[inside]]]
            part[inside], row[inside] = number, places[inside]
        found = part >= 0
        return Located(ids[found], part[found], row[found])

    def by_part(self, located: Located) -> Iterator["InPart"]:
        """Each part that holds some of them: its rows, and their places among those located."""
        for number in np.unique(located.parts):
            places = np.flatnonzero(located.parts == number)
            yield InPart(self.parts[number], located.rows[places], places)


def view(blocks: Sequence[Part], tail: Tail, before: View | None) -> View:
    """Count what is there; counts of blocks that did not change since `before` are taken over."""
    settled = before.settled if before and _states(before.blocks) == _states(blocks) else _settled(blocks)
    size = max(len(settled), int(tail.terms.max(initial=-1)) + 1)
    frequencies = np.bincount(tail.terms, minlength=size)
    frequencies[: len(settled)] += settled
    passages = len(tail.rows) + sum(len(one.rows) - len(one.dead) for one in blocks)
    length = int(tail.lengths.sum()) + sum(one.length for one in blocks)
    return View(blocks, tail, Okapi(passages, length, frequencies) if passages else None, settled)


def vocabulary(blocks: Sequence[Part]) -> int:
    """One more than the greatest number of a term in these blocks."""
    terms = (one.block.postings.terms for one in blocks)
    return max((int(numbers[-1]) + 1 for numbers in terms if len(numbers)), default=0)


def _states(blocks: Sequence[Part]) -> list[tuple[int, int]]:
    return [(one.number, len(one.dead)) for one in blocks]


def _settled(blocks: Sequence[Part]) -> NDArray[np.int64]:
    frequencies = np.zeros(vocabulary(blocks), np.int64)
    for one in blocks:
        one.count(frequencies)
    return frequencies
