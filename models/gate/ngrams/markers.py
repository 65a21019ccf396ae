"""Words that give an override away in many languages, and which of them stand together.

Alone none of them says anything. A pair or triple of roles in the same language, such as a word for ignoring
near one for instructions, is a feature of its own: what is learnt in one language holds in others.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.gate.ngrams.arrays import Codes, Grams, Ints, Longs
from models.gate.views.folding import folded
from models.gate.views.view import whole

MARKERS = Path(__file__).with_name("markers.toml")
ROLES = ("ignore", "previous", "instructions", "reveal", "system_prompt", "secret", "your", "switch")
REACH = 6
"""Markers that one is paired with at most, so that the cost stays linear."""
NEAR, FAR = 16, 60
"""Characters between the markers of a pair."""
IDEOGRAPHS = 0x2E80
TRIPLES = tuple(combinations(range(len(ROLES)), 3))
STEPS = np.array([(0, *steps) for steps in combinations(range(1, REACH + 1), 2)])
"""From a marker to itself and the two others of a triple."""
COLUMNS = 256


class Known(NamedTuple):
    """All markers, by the characters that they begin with."""

    heads: Longs
    """Sorted keys of the first three characters, or two of a marker that has no more."""
    markers: dict[int, list[tuple[str, int, int, bool]]]
    """For each key: the marker, its role, its languages as bits, and whether it counts within a word."""


class Hits(NamedTuple):
    """Markers found in a text, in the order of the text."""

    starts: Ints
    ends: Ints
    roles: Ints
    languages: Longs


@cache
def known() -> Known:
    """Read the markers."""
    content = tomllib.loads(MARKERS.read_text(encoding="utf-8"))
    anywhere = set(content.pop("anywhere"))
    bits: dict[tuple[str, int, bool], int] = defaultdict(int)
    for number, (language, roles) in enumerate(content.items()):
        for role, name in enumerate(ROLES):
            for marker in roles.get(name, ()):
                bits[_folded(marker), role, language in anywhere] |= 1 << number
    markers: dict[int, list[tuple[str, int, int, bool]]] = defaultdict(list)
    for (marker, role, inside), languages in bits.items():
        markers[_key(marker)].append((marker, role, languages, inside))
    return Known(np.array(sorted(markers), dtype=np.int64), dict(markers))


def roles(codes: Codes, places: Ints, starts: Ints, first: int) -> Grams:
    """Pairs and triples of roles as n-grams, in the buckets from `first` on.

    `codes` are the characters with their `places` in the text, `starts` where words start.
    """
    hits = _hits(codes, starts)
    # Ideographs say in one character what takes others three.
    along = np.append(0, np.cumsum(np.where(codes >= IDEOGRAPHS, 3, 1)))
    found = [*_singles(hits), *_pairs(hits, along), *_triples(hits, along)]
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return Grams(empty.astype(np.int32), empty, empty)
    buckets, begins, ends = (np.concatenate(part) for part in zip(*found, strict=True))
    return Grams((buckets + first).astype(np.int32), places[begins], places[ends - 1] + 1)


def _hits(codes: Codes, starts: Ints) -> Hits:
    table = known()
    padded = np.concatenate([codes, [0, 0]]).astype(np.int64)
    pairs = padded[:-2] << 21 | padded[1:-1]
    unspaced = codes >= 0x590
    begins = np.zeros(len(codes), dtype=bool)
    begins[starts] = True
    looked = np.flatnonzero(begins | unspaced)
    text = codes.tobytes().decode("utf-32-le", "surrogatepass")
    found: list[tuple[int, int, int, int]] = []
    for keys in (pairs << 21 | padded[2:], pairs << 21):
        at = keys[looked]
        places = np.searchsorted(table.heads, at)
        same = table.heads[np.minimum(places, len(table.heads) - 1)] == at
        for place, key in zip(looked[same].tolist(), at[same].tolist(), strict=True):
            for marker, role, languages, inside in table.markers[key]:
                if (inside or begins[place]) and text.startswith(marker, place):
                    found.append((place, place + len(marker), role, languages))
    found.sort()
    columns = np.array(found, dtype=np.int64).reshape(-1, 4).T
    return Hits(*columns)


def _singles(hits: Hits) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Names of the hidden text; they say something alone."""
    named = np.flatnonzero(hits.roles == ROLES.index("system_prompt"))
    if len(named):
        yield np.zeros(len(named), dtype=np.int64), hits.starts[named], hits.ends[named]


def _pairs(hits: Hits, along: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    for step in range(1, min(REACH, len(hits.starts) - 1) + 1):
        gap = along[hits.starts[step:]] - along[hits.ends[:-step]]
        kept = (gap <= FAR) & (gap >= 0) & ((hits.languages[step:] & hits.languages[:-step]) != 0)
        one, other = np.flatnonzero(kept), np.flatnonzero(kept) + step
        number = hits.roles[one] * len(ROLES) + hits.roles[other]
        yield 1 + number * 2 + (gap[kept] > NEAR), hits.starts[one], hits.ends[other]


def _triples(hits: Hits, along: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Three different roles, in whatever order."""
    trios = (np.arange(len(hits.starts))[:, None, None] + STEPS).reshape(-1, 3)
    first, second, third = trios[trios[:, 2] < len(hits.starts)].T
    near = along[hits.starts[third]] - along[hits.ends[first]] <= FAR
    first, second, third = first[near], second[near], third[near]
    shared = hits.languages[first] & hits.languages[second] & hits.languages[third]
    held = np.sort(hits.roles[np.stack([first, second, third])], axis=0)
    number = _triple_number()[held[0], held[1], held[2]]
    kept = np.flatnonzero((shared != 0) & (number >= 0))
    base = 1 + 2 * len(ROLES) ** 2
    yield base + number[kept], hits.starts[first[kept]], hits.ends[third[kept]]


@cache
def _triple_number() -> NDArray[np.int64]:
    numbers = np.full((len(ROLES),) * 3, -1, dtype=np.int64)
    for number, triple in enumerate(TRIPLES):
        numbers[triple] = number
    return numbers


def _folded(marker: str) -> str:
    """As a view reads it, in lower case."""
    return folded(whole(marker)).text.lower()


def _key(marker: str) -> int:
    codes: Sequence[int] = [*map(ord, marker[:3]), 0, 0]
    return codes[0] << 42 | codes[1] << 21 | codes[2]
