"""What ranking works on: the passages that the legs proposed, as arrays whose rows are aligned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Query:
    """A question as the index sees it."""

    text: str
    vector: NDArray[np.float32]
    """Shape (dimensions,), norm 1."""
    terms: NDArray[np.int32]
    """Numbers of its index terms in the order of the text; 0 is a term that no passage has."""
    idf: NDArray[np.float64]
    """BM25Okapi's inverse document frequency of each over what the caller may read, 0 for 0."""


@dataclass(frozen=True)
class Candidates:
    """Passages that the caller may read: the best of each leg, and those beside them in their source.

    Everything here depends on what the caller may read alone: an index without the other passages gives the
    same. Rows are in the order of `ids`, which ascend.
    """

    ids: NDArray[np.int64]
    """Shape (n,): the index's own numbers of the passages."""
    sources: NDArray[np.int64]
    """Shape (n,): the index's own numbers of their sources."""
    positions: NDArray[np.int32]
    """Shape (n,): the place of each passage in its source, from 0."""
    sparse: NDArray[np.float64]
    """Shape (n,): BM25Okapi scores, for every row; 0 where no term of the query stands."""
    dense: NDArray[np.float32]
    """Shape (n,): cosine similarities, for every row."""
    sparse_rank: NDArray[np.int32]
    """Shape (n,): from 1; 0 where BM25 did not propose the passage."""
    dense_rank: NDArray[np.int32]
    """Shape (n,): from 1; 0 where the vectors did not propose the passage."""
    vectors: NDArray[np.float32]
    """Shape (n, dimensions), each of norm 1."""
    terms: list[NDArray[np.int32]]
    """Index terms of what was embedded (the missing headings, then the text), in its order."""
    title_terms: NDArray[np.int32]
    """Shape (n,): how many of these terms come first and are of the headings above the text."""
    mean_length: float
    """Mean number of terms over all that the caller may read."""
    idf: Callable[[NDArray[np.int32]], NDArray[np.float64]]
    """Inverse document frequencies of any terms that stand in the candidates."""


class Ranked(NamedTuple):
    """One candidate after ranking."""

    row: int
    """Into the candidates."""
    fused: float
    """Reciprocal Rank Fusion, the documented baseline."""
    score: float
    """What the result is sorted by."""
    relevance: float
    """Probability that the passage helps to answer, calibrated; see the ranking's card."""
    features: dict[str, float]
    """What the score was made of, by name."""
