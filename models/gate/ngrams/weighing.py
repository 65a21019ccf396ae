"""Counts of n-grams as weighed features: sublinear in how often, rarer weighs more, length taken out."""

from typing import NamedTuple

import numpy as np

from models.gate.ngrams.arrays import Floats, Ints
from models.gate.ngrams.features import Counts, Shape

ROLE = 0.5
"""How much a pair or triple of roles counts; a word of a short request counts about 0.2."""


class Weighed(NamedTuple):
    """Sparse rows, one for each window, in the order of the windows."""

    windows: Ints
    buckets: Ints
    values: Floats


def weighed(counts: Counts, rarity: Floats, shape: Shape) -> Weighed:
    """tf-idf with tf = 1 + ln(count); words and characters each have length 1: neither drowns the other.

    Roles count as they are, once each.
    """
    values = (1 + np.log(counts.counts)) * rarity[counts.buckets]
    kinds = (counts.buckets >= 1 << shape.word_bits).astype(np.int64)
    kinds += counts.buckets >= shape.first_role
    block = counts.windows * 3 + kinds
    lengths = np.sqrt(np.bincount(block, values.astype(np.float64) ** 2))
    scaled = np.where(kinds == 2, ROLE, values / lengths[block])
    return Weighed(counts.windows, counts.buckets, scaled.astype(np.float32))
