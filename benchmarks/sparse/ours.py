"""The sparse side of our index: a block on disk, mapped, without vectors that mean anything."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sparse.corpus import Generated
from tools.index.local import blocks
from tools.index.local.legs import Sparse, sparse
from tools.index.local.rows import Rows, joined
from tools.index.local.tail import tail
from tools.index.local.view import Part, View, view


def built(corpus: Generated, folder: Path) -> View:
    """One block that everybody may read; the terms are counted from 1, since 0 stands for an unknown one."""
    size = len(corpus.passages)
    zeros = np.zeros(size, np.int32)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in corpus.passages])]).astype(np.int64)
    sequence = (np.concatenate(corpus.passages) + 1).astype(np.int32)
    vectors = np.zeros((size, 1), np.float32)
    ids = np.arange(size, dtype=np.int64)
    name, _ = blocks.write(folder, Rows(ids, ids, zeros, zeros, starts, sequence, vectors), 1)
    part = Part(1, name, 0, 0, blocks.load(folder, name, 1), np.empty(0, np.int64))
    return view([part], tail(joined([], 1)), None)


def search(opened: View, query: Sequence[str], count: int) -> Sparse:
    """The leg of a query whose words are `w` and a number."""
    terms = np.array([int(word[1:]) + 1 for word in query], np.int32)
    if opened.okapi is None:
        raise ValueError("there is no passage")
    return sparse(opened, terms, opened.okapi.idf(opened.frequency(terms)), count)


def scores(opened: View, query: Sequence[str]) -> NDArray[np.float64]:
    """The score of every passage."""
    return search(opened, query, 1).scores[0]
