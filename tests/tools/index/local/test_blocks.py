"""Blocks on disk: what is written is what is mapped, also after a merge."""

from pathlib import Path

import numpy as np
import pytest

from tools.index.local import blocks
from tools.index.local.merge import merge
from tools.index.local.rows import Postings, Rows
from tools.index.local.tail import tail
from tools.index.local.view import Part

DIMENSIONS = 4


def rows(first: int, sequences: list[list[int]]) -> Rows:
    size = len(sequences)
    return Rows(
        np.arange(first, first + size),
        np.arange(first, first + size),
        np.zeros(size, np.int32),
        np.zeros(size, np.int32),
        np.cumsum([0, *map(len, sequences)]),
        np.array([term for one in sequences for term in one], np.int32),
        np.ones((size, DIMENSIONS), np.float32),
    )


def part(folder: Path, number: int, made: Rows) -> Part:
    name, _ = blocks.write(folder, made, 0)
    return Part(number, name, 1, 0, blocks.load(folder, name, 0), np.empty(0, np.int64))


def matches(of: Postings, term: int) -> list[tuple[int, int]]:
    found, counts = of.of(term)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("most", [1, 255, 256, 70_000])
def test_a_term_that_stands_often_is_counted_rightly_alone_and_merged(folder: Path, most: int) -> None:
    few, many = rows(1, [[3, 5, 3], [5]]), rows(3, [[7], [5] * most])
    assert matches(tail(many).postings, 5) == [(1, most)]
    parts = [part(folder, 1, few), part(folder, 2, many)]
    assert parts[0].block.postings.counts.itemsize == 1
    assert matches(parts[1].block.postings, 5) == [(1, most)]
    name, _ = merge(folder, parts, 0, DIMENSIONS)
    merged = blocks.load(folder, name, 0).postings
    assert matches(merged, 5) == [(0, 1), (1, 1), (3, most)]
    assert matches(merged, 3) == [(0, 2)]
    assert matches(merged, 7) == [(2, 1)]
    assert matches(merged, 4) == []


def test_a_tail_has_the_postings_of_its_rows() -> None:
    found = tail(rows(1, [[9, 2], [], [2, 2, 4]])).postings
    assert [matches(found, term) for term in (2, 4, 9, 5)] == [[(0, 1), (2, 2)], [(2, 1)], [(0, 1)], []]
    assert matches(tail(rows(1, [])).postings, 2) == []
