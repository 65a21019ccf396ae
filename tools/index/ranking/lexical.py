"""What the terms of a passage say: how many, and which of the query's, alone or with its neighbours."""

from typing import NamedTuple

import numpy as np

from tools.index.candidates import Candidates, Query
from tools.index.ranking.kindred import following
from tools.index.ranking.scale import Floats


class Lexical(NamedTuple):
    """Features of shape (n,)."""

    coverage: Floats
    """Share of the query's different terms that the passage has, weighted by idf, 0 to 1."""
    window: Floats
    """The same of the passage and those directly before and after it in its source."""
    length: Floats
    """Natural logarithm of its number of terms over the mean number, each plus 1."""


def lexical(query: Query, candidates: Candidates) -> Lexical:
    """Read all passages at once: their terms as one array, and the row of each of them."""
    count = len(candidates.ids)
    lengths = np.fromiter(map(len, candidates.terms), np.int64, count)
    length = np.log((lengths + 1) / (candidates.mean_length + 1))
    wanted, first = np.unique(query.terms, return_index=True)
    weights = np.maximum(query.idf[first], 0.0)
    wanted, weights = wanted[wanted > 0], weights[wanted > 0]
    if not lengths.any() or not weights.sum():
        return Lexical(np.zeros(count), np.zeros(count), length)
    every = np.concatenate(candidates.terms)
    # A table of all numbers up to the highest: its empty pages cost nothing, and looking up beats searching.
    asked = np.zeros(max(int(every.max()), int(wanted[-1])) + 1, bool)
    asked[wanted] = True
    hits = np.flatnonzero(asked.take(every))
    has = np.zeros((count, len(wanted)), bool)
    rows = np.cumsum(lengths).searchsorted(hits, side="right")
    has[rows, wanted.searchsorted(every[hits])] = True
    before, after = following(candidates)
    wide = has.copy()
    wide[after] |= has[before]
    wide[before] |= has[after]
    shares = weights / weights.sum()
    return Lexical(np.einsum("ij,j->i", has, shares), np.einsum("ij,j->i", wide, shares), length)
