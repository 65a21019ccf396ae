"""Names of the arrays that n-grams are computed with."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Longs: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.uint32]
Floats: TypeAlias = NDArray[np.float32]
Hashes: TypeAlias = NDArray[np.uint64]
Bools: TypeAlias = NDArray[np.bool_]


class Grams(NamedTuple):
    """The n-grams of one kind: bucket, where each starts and where it ends in the text."""

    buckets: NDArray[np.int32]
    starts: Ints
    ends: Ints
