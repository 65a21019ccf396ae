"""Hashed word and character n-grams of the windows of a text, in numpy only.

An n-gram is a value of a polynomial over code points, modulo 2^64, so that all n-grams of a text come out of
a handful of array operations, whatever its script (Karp and Rabin 1987). Its bucket is the hash's top bits
(Weinberger et al. 2009). An n-gram counts in a window that holds the whole of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.gate.ngrams import markers
from models.gate.ngrams.arrays import Codes, Floats, Grams, Hashes, Ints

BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
INVERSE = pow(BASE, -1, 1 << 64)
MIXERS = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)


def _starts(ranges: str) -> NDArray[np.uint32]:
    """Where ranges of code points start and end, an odd number of them before those inside."""
    return np.array([int(code, 16) for code in ranges.replace("-", " ").split()], dtype=np.uint32)


LETTERS = _starts(
    "30-3A 41-5B 61-7B AA-AB B5-B6 C0-D7 D8-F7 F8-2000 2070-20A0 2100-2190 2C00-2E00 2E80-3000 3005-3008 "
    "3021-3030 3041-E000 F900-FE10 FE20-FE30 FE70-FF00 FF10-FF1A FF21-FF3B FF41-FF5B FF66-FFF0 10000-1F000 "
    "20000-E0000"
)
UNSPACED = _starts("E00-EE0 1000-10A0 1780-1800 2E80-A000 F900-FB00 20000-40000")
"""Scripts without spaces, whose characters stand for words."""
ASCII_LETTER = np.array([chr(code).isalnum() for code in range(128)])
SPACES = np.array([9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x2028, 0x2029, 0x3000], dtype=np.uint32)


BLOCK = 256
"""Windows sorted at once: their keys fit into the cache, and into 32 bits."""
MOST_COLUMNS = 1 << 22


@dataclass(frozen=True)
class Shape:
    """What is counted, and in how many buckets."""

    word_bits: int = 15
    char_bits: int = 16
    words: tuple[int, ...] = (1, 2)
    chars: tuple[int, ...] = (3, 4, 5)
    roles: bool = True
    """Whether markers that stand together are counted as well."""
    window: int = 260
    """Characters of a window; each overlaps half of the next."""
    columns: int = field(init=False)

    def __post_init__(self) -> None:
        size = self.first_role + (markers.COLUMNS if self.roles else 0)
        object.__setattr__(self, "columns", size)
        if self.columns > MOST_COLUMNS:
            raise ValueError(f"{self.columns} buckets are more than {MOST_COLUMNS}")

    @property
    def first_role(self) -> int:
        """Words come first, then characters, then roles."""
        return (1 << self.word_bits) + (1 << self.char_bits)


class Counts(NamedTuple):
    """How often each n-gram occurs in each window; sorted by window, then by bucket."""

    windows: Ints
    buckets: Ints
    counts: Floats


def counted(text: str, windows: Sequence[tuple[int, int]], shape: Shape) -> Counts:
    """Count the n-grams of each window, given as start and end."""
    bounds = np.asarray(windows, dtype=np.int64).reshape(-1, 2)
    found = Grams(*map(np.concatenate, zip(*grams(text, shape), strict=True)))
    parts = []
    for start in range(0, len(bounds), BLOCK):
        part = bounds[start : start + BLOCK]
        keys = _keys(found, part, shape.columns)
        keys.sort()
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
        rows, buckets = np.divmod(keys[first], np.int32(shape.columns))
        sizes = np.diff(first, append=len(keys)).astype(np.float32)
        parts.append(Counts(rows.astype(np.int64) + start, buckets.astype(np.int64), sizes))
    if len(parts) == 1:
        return parts[0]
    return Counts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _keys(grams: Grams, bounds: Ints, columns: int) -> NDArray[np.int32]:
    """Window and bucket in one number, for each n-gram of each window."""
    # Windows start and end in the same order, so that those around an n-gram are neighbours.
    low = np.searchsorted(bounds[:, 1], grams.ends, side="left")
    sizes = np.maximum(np.searchsorted(bounds[:, 0], grams.starts, side="right") - low, 0)
    before = np.cumsum(sizes) - sizes
    rows = np.arange(sizes.sum(), dtype=np.int64) + np.repeat(low - before, sizes)
    keys: NDArray[np.int32] = rows.astype(np.int32) * np.int32(columns) + np.repeat(grams.buckets, sizes)
    return keys


def grams(text: str, shape: Shape) -> list[Grams]:
    """All n-grams of a text, one entry for each kind and length."""
    codes, places = _codes(text)
    powers, inverses = _powers(len(codes) + 1)
    prefix = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers[: len(codes)], out=prefix[1:])
    words = 1 << shape.word_bits
    found = []
    first, last = _words(codes)
    hashes = (prefix[last] - prefix[first]) * inverses[first]
    for size in shape.words:
        number = max(len(first) - size + 1, 0)
        mixed = np.full(number, size, dtype=np.uint64)
        for step in range(size):
            mixed = mixed * np.uint64(BASE) + _mixed(hashes[step : step + number])
        found.append(
            Grams(
                _bucket(mixed, shape.word_bits),
                places[first[:number]],
                places[last[size - 1 : size - 1 + number] - 1] + 1,
            )
        )
    for size in shape.chars:
        number = max(len(codes) - size + 1, 0)
        hashed = (prefix[size : size + number] - prefix[:number]) * inverses[:number] + np.uint64(size)
        buckets = _bucket(hashed, shape.char_bits) + np.int32(words)
        found.append(Grams(buckets, places[:number], places[size - 1 : size - 1 + number] + 1))
    if shape.roles:
        found.append(markers.roles(codes, places, first, shape.first_role))
    return found


def _codes(text: str) -> tuple[Codes, Ints]:
    """Code points of a text in lower case, and where each stands; runs of white space are one space."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    codes = np.frombuffer(lowered.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).copy()
    space = codes == 32
    space |= (codes >= 9) & (codes <= 13)
    if len(codes) and codes.max() >= 0x85:
        space |= np.isin(codes, SPACES)
    codes[space] = 32
    codes[(codes >= 48) & (codes <= 57)] = 48
    kept = np.flatnonzero(~(space & np.concatenate([[False], space[:-1]])))
    # A text begins and ends like a word in its midst.
    padded = np.concatenate([[32], codes[kept], [32]]).astype(np.uint32)
    return padded, np.concatenate([[0], kept, [max(len(text) - 1, 0)]]).astype(np.int64)


def _words(codes: Codes) -> tuple[Ints, Ints]:
    """Where words start and end: runs of letters, or one character where a script has no spaces."""
    if codes.max() < 128:
        letter = ASCII_LETTER[codes]
        single = None
    else:
        letter = np.searchsorted(LETTERS, codes, side="right") % 2 == 1
        single = np.searchsorted(UNSPACED, codes, side="right") % 2 == 1
    before = np.concatenate([[False], letter[:-1]])
    after = np.concatenate([letter[1:], [False]])
    starts, ends = letter & ~before, letter & ~after
    if single is not None:
        single &= letter
        starts |= single | (letter & np.concatenate([[False], single[:-1]]))
        ends |= single | (letter & np.concatenate([single[1:], [False]]))
    return np.flatnonzero(starts), np.flatnonzero(ends) + 1


def _mixed(hashes: Hashes) -> Hashes:
    for mixer in MIXERS:
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(mixer)
    return hashes


def _bucket(hashes: Hashes, bits: int) -> NDArray[np.int32]:
    buckets: NDArray[np.int32] = (_mixed(hashes) >> np.uint64(64 - bits)).astype(np.int32)
    return buckets


def _powers(length: int) -> tuple[Hashes, Hashes]:
    powers, inverses = _table(1 << max(length - 1, 1023).bit_length())
    return powers, inverses


@lru_cache(maxsize=4)
def _table(length: int) -> tuple[Hashes, Hashes]:
    both = []
    for base in (BASE, INVERSE):
        factors = np.full(length, base, dtype=np.uint64)
        factors[0] = 1
        both.append(np.cumprod(factors))
    return both[0], both[1]
