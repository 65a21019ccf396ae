"""Cosine similarities that are the same wherever a passage lies."""

import numpy as np
from numpy.typing import NDArray

CHUNK = 16_384


def cosines(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], query: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Similarities of some rows, which do not depend on the rows beside them as a matrix product does.

    Args:
        vectors: Shape (n, dimensions), each of norm 1.
        rows: Which of them.
        query: Shape (dimensions,), norm 1.
    """
    found = [
        np.einsum("ij,j->i", vectors[rows[start : start + CHUNK]], query)
        for start in range(0, len(rows), CHUNK)
    ]
    return np.concatenate([*found, np.empty(0, np.float32)]).astype(np.float64)
