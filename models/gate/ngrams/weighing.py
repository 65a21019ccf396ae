"""Counts of n-grams as weighed features: sublinear in how often, rarer weighs more, length taken out."""

from typing import NamedTuple

import numpy as np

from models.gate.ngrams.features import Counts, Floats, Ints, Shape


class Weighed(NamedTuple):
    """Sparse rows, one for each window, in the order of the windows."""

    windows: Ints
    buckets: Ints
    values: Floats


def weighed(counts: Counts, rarity: Floats, shape: Shape) -> Weighed:
    """tf-idf with tf = 1 + ln(count); words and characters each have length 1, so that neither drowns the other."""
    values = (1 + np.log(counts.counts)) * rarity[counts.buckets]
    block = counts.windows * 2 + (counts.buckets >= 1 << shape.word_bits)
    squares = np.bincount(block, values.astype(np.float64) ** 2)
    return Weighed(counts.windows, counts.buckets, (values / np.sqrt(squares)[block]).astype(np.float32))
