"""Several blocks made into one, without the rows that died; memory is bounded whatever their size."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.index.local import blocks
from tools.index.local.columns import Column, release
from tools.index.local.rows import Rows, joined
from tools.index.local.view import Part

ROWS = 16_384
"""Copied at once."""
ENTRIES = 2_000_000
"""Of postings, sorted at once."""


def merge(index: Path, parts: Sequence[Part], generation: int, dimensions: int) -> tuple[str, dict[str, str]]:
    """Write the live rows of some blocks as one block; returns its name and the digests of its files."""
    live = [np.arange(len(part.rows)) if part.live is None else np.flatnonzero(part.live) for part in parts]
    name = blocks.new_name()
    folder = blocks.begin(index, name)
    digests = {}
    columns = {
        **{key: Column(folder / f"{key}.npy", dtype) for key, dtype in _TYPES.items()},
        "post_counts": Column(
            folder / "post_counts.npy", np.result_type(*(part.block.postings.counts for part in parts))
        ),
        "vectors": Column(folder / blocks.vectors_name(generation), np.float32, dimensions),
    }
    columns["starts"].add(np.zeros(1, np.int64))
    written = 0
    for rows in _ordered(parts, live, dimensions):
        for key in ("ids", "sources", "positions", "title_terms", "sequence", "vectors"):
            columns[key].add(getattr(rows, key))
        columns["starts"].add(rows.starts[1:] + written)
        written += int(rows.starts[-1])
    _postings(parts, live, columns)
    for key, column in columns.items():
        digests[blocks.vectors_name(generation) if key == "vectors" else f"{key}.npy"] = column.close()
    blocks.finish(index, name)
    return name, digests


_TYPES = {
    **{"ids": np.int64, "sources": np.int64, "positions": np.int32, "title_terms": np.int32},
    **{"starts": np.int64, "sequence": np.int32},
    **{"post_terms": np.int32, "post_starts": np.int64, "post_rows": np.int32},
}


def _ordered(parts: Sequence[Part], live: Sequence[NDArray[np.int64]], dimensions: int) -> Iterator[Rows]:
    """The live rows of all parts by their ids, some at a time."""
    owner = np.repeat(np.arange(len(parts)), [len(rows) for rows in live])
    every = np.concatenate(live)
    ids = np.concatenate([part.rows.ids[rows] for part, rows in zip(parts, live, strict=True)])
    order = np.argsort(ids, kind="stable")
    for start in range(0, len(order), ROWS):
        chosen = order[start : start + ROWS]
        taken = [
            parts[number].rows.take(every[chosen[owner[chosen] == number]])
            for number in np.unique(owner[chosen]).tolist()
        ]
        rows = joined(taken, dimensions)
        inner = np.argsort(rows.ids, kind="stable")
        yield rows if len(taken) == 1 else rows.take(inner)
        for part in parts:
            release(part.rows.vectors)
            release(part.rows.sequence)


def _postings(parts: Sequence[Part], live: Sequence[NDArray[np.int64]], columns: dict[str, Column]) -> None:
    size = max(
        (int(part.block.postings.terms[-1]) + 1 for part in parts if len(part.block.postings.terms)),
        default=0,
    )
    frequencies = np.zeros(size, np.int64)
    for part in parts:
        frequencies[part.block.postings.terms] += part.block.postings.frequencies()
    new = _new_rows(parts, live)
    columns["post_starts"].add(np.zeros(1, np.int64))
    written = 0
    for first, last in _spans(frequencies):
        terms, rows, counts = _between(parts, new, first, last)
        different, starts = np.unique(terms, return_index=True)
        columns["post_terms"].add(different)
        columns["post_starts"].add(np.append(starts[1:], len(terms))[: len(different)] + written)
        columns["post_rows"].add(rows)
        columns["post_counts"].add(counts)
        written += len(terms)
        for part in parts:
            release(part.block.postings.rows)
            release(part.block.postings.counts)


def _new_rows(parts: Sequence[Part], live: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int32]]:
    """The row that each row of each part gets; -1 for dead ones."""
    ids = np.concatenate([part.rows.ids[rows] for part, rows in zip(parts, live, strict=True)])
    place = np.empty(len(ids), np.int32)
    place[np.argsort(ids, kind="stable")] = np.arange(len(ids), dtype=np.int32)
    found, start = [], 0
    for part, rows in zip(parts, live, strict=True):
        new = np.full(len(part.rows), -1, np.int32)
        new[rows] = place[start : start + len(rows)]
        found.append(new)
        start += len(rows)
    return found


def _spans(frequencies: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of terms with about ENTRIES postings each."""
    total = np.cumsum(frequencies)
    first = 0
    while first < len(total):
        reached = int(total[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(total, reached + ENTRIES, side="right")))
        yield first, last
        first = last


def _between(
    parts: Sequence[Part], new: Sequence[NDArray[np.int32]], first: int, last: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.integer[Any]]]:
    """The postings of the terms from `first` to before `last`, by term and row."""
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.integer[Any]]]] = []
    for part, place in zip(parts, new, strict=True):
        postings = part.block.postings
        a, b = np.searchsorted(postings.terms, [first, last])
        span = slice(int(postings.starts[a]), int(postings.starts[b]))
        terms = np.repeat(postings.terms[a:b], np.diff(postings.starts[a : b + 1]))
        rows = place[postings.rows[span]]
        kept = rows >= 0
        found.append((terms[kept], rows[kept], postings.counts[span][kept]))
    terms, rows, counts = (np.concatenate([one[column] for one in found]) for column in range(3))
    order = np.argsort(terms.astype(np.int64) << 32 | rows, kind="stable")
    return terms[order], rows[order], counts[order]
