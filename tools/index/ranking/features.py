"""The features of the candidates: a first pass over the scores of the legs, then what it makes of others."""

from typing import NamedTuple

import numpy as np

from tools.index.candidates import Candidates, Query
from tools.index.ranking.kindred import breadth, graph
from tools.index.ranking.lexical import lexical
from tools.index.ranking.scale import Floats, shares, spread

FIRST_PASS = np.array([0.45, 0.25, 0.22, 0.04])
"""Weights of dense, sparse, coverage and length in the score by which the second pass picks its examples."""


class Features(NamedTuple):
    """Each of shape (n,)."""

    dense: Floats
    """Cosine similarity; the candidates of a query spread over 0 to 1."""
    sparse: Floats
    """BM25Okapi over the highest score among the candidates."""
    coverage: Floats
    """Share of the query's different terms that the passage has, weighted by idf, 0 to 1."""
    length: Floats
    """Natural logarithm of its number of terms over the mean number, each plus 1."""
    window: Floats
    """Coverage by the passage and those beside it, as far as the best candidates are of one source."""
    graph: Floats
    """First-pass score of the best candidates that are nearest to it, as far as these are of many sources."""


def features(query: Query, candidates: Candidates) -> Features:
    """What the score is made of; 0 where a feature cannot tell the candidates apart."""
    found = lexical(query, candidates)
    dense = spread(candidates.dense)
    sparse = shares(candidates.sparse)
    first = FIRST_PASS @ np.stack([dense, sparse, found.coverage, found.length])
    wide = breadth(candidates, first)
    return Features(
        dense,
        sparse,
        found.coverage,
        found.length,
        window=(1 - wide) * found.window,
        graph=wide * graph(candidates, first),
    )
