"""Cosine similarities that are the same wherever a passage lies, each computed in the caller's own thread.

OpenBLAS spreads larger products over threads that go on spinning when they are done: on busy cores a
product of a search then takes 50 times as long as in one thread.
"""

import numpy as np
from numpy.typing import NDArray

CHUNK = 16_384
SINGLE = 1 << 18
"""Multiplications up to which OpenBLAS uses no other thread (`interface/gemm.c`)."""


def cosines(
    vectors: NDArray[np.float32], query: NDArray[np.float32], rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Similarities of vectors, which do not depend on the rows beside them as a matrix product does.

    Args:
        vectors: Shape (n, dimensions), each of norm 1.
        query: Shape (dimensions,), norm 1.
        rows: Which of them; None for all.
    """
    if rows is None:
        return np.asarray(np.einsum("ij,j->i", vectors, query), np.float64)
    found = [
        np.einsum("ij,j->i", vectors[rows[start : start + CHUNK]], query)
        for start in range(0, len(rows), CHUNK)
    ]
    return np.concatenate([*found, np.empty(0, np.float32)]).astype(np.float64)


def each_to_each(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Similarities of shape (n, m) between vectors of shapes (n, dimensions) and (m, dimensions)."""
    found = np.empty((len(vectors), len(others)), np.float32)
    rows = max(1, SINGLE // max(1, others.size))
    for start in range(0, len(vectors), rows):
        np.matmul(vectors[start : start + rows], others.T, out=found[start : start + rows])
    return found
