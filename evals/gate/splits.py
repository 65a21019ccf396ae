"""Who is trained on and who is judged: near-duplicates stay together, and whole sources are left out."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from evals.gate.examples import REQUESTS, Example
from models.gate.ngrams.arrays import Bools, Ints
from models.gate.ngrams.features import Shape, grams

SHINGLES = Shape(word_bits=1, char_bits=21, words=(), chars=(6,), roles=False)
HASHES = 64
BANDS = 16
NEAR = 0.7
"""Texts whose shingles have this Jaccard similarity, as MinHash estimates it, are near-duplicates."""
LINE = 40
"""Characters of a line that is hardly twice there by chance."""
THIRDS = 3
WRITTEN = "written-"
"""Sources written for Warrant begin so."""
PRIME = (1 << 61) - 1

RELATED = {
    # The composite rows are carriers and attacks of other sources put together.
    "BIPIA": ("composite",),
    "ours-emails": ("composite", "ours-composite"),
    "composite": ("BIPIA", "ours-emails", "ours-composite"),
    "ours-composite": ("composite", "ours-emails"),
}


class Fold(NamedTuple):
    """One model's training and judging, as masks over the rows."""

    name: str
    trained: Bools
    judged: Bools


def family(source: str) -> str:
    """A source's short name."""
    return source.partition("(")[0]


def weighed_as(example: Example) -> str:
    """The source that an example's weight is shared with: what was put together counts by what was put in."""
    *carriers, source = example.sources
    if not carriers:
        return family(source)
    return f"composed+{'requests' if source in REQUESTS else source}"


def groups(texts: Sequence[str]) -> Ints:
    """A number for each text, the same for near-duplicates, found by MinHash and banding (Broder 1997)."""
    signatures = np.stack([_signature(text) for text in texts]) if texts else np.zeros((0, HASHES))
    parents = np.arange(len(texts))
    size = HASHES // BANDS
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * size : (band + 1) * size])
        order = np.lexsort(part.T)
        same = np.flatnonzero((part[order[1:]] == part[order[:-1]]).all(axis=1))
        for place in same:
            one, other = _root(parents, order[place]), _root(parents, order[place + 1])
            if one != other and (signatures[order[place]] == signatures[order[place + 1]]).mean() >= NEAR:
                parents[max(one, other)] = min(one, other)
    return np.array([_root(parents, place) for place in range(len(texts))], dtype=np.int64)


def without_near(trained: Bools, judged: Bools, grouped: Ints) -> Bools:
    """The training rows that are no near-duplicate of a judged one."""
    return trained & ~np.isin(grouped, grouped[judged])


def held_back(dev: Bools, attacks: Bools, grouped: Ints) -> Bools:
    """The benign rows of `dev` that promises are made from: those that are like no benign row elsewhere.

    The others are learnt from like any row. Otherwise what is like them would have to be dropped, and where
    attacks stand in texts of that kind nothing would tell that the texts themselves are harmless.
    """
    return dev & ~attacks & ~np.isin(grouped, grouped[~dev & ~attacks])


def attacked(texts: Sequence[str], attacks: Bools) -> Bools:
    """The benign texts that share a long line with an attack: of them it was learnt what attacks stand in."""
    bad = [text for text, attack in zip(texts, attacks, strict=True) if attack]
    lines = {line for text in bad for line in _long(text)}
    shared = [any(line in lines for line in _long(text)) for text in texts]
    return np.array(shared, dtype=bool) & ~attacks


def _long(text: str) -> list[str]:
    stripped = (line.strip() for line in text.split("\n"))
    return [line for line in stripped if len(line) >= LINE]


def crossed(grouped: Ints, folds: int, seed: int = 0) -> Ints:
    """A fold for each row, so that groups stay together."""
    names, places = np.unique(grouped, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % folds)[places].astype(np.int64)


def groups_left_out(grouped: Ints, folds: int) -> list[Fold]:
    """Folds in which near-duplicates stay together: for data of few sources."""
    parts = crossed(grouped, folds)
    return [Fold(f"{part + 1}/{folds}", parts != part, parts == part) for part in range(folds)]


def sources_left_out(
    examples: Sequence[Example], grouped: Ints, together: Sequence[Sequence[str]] = ()
) -> list[Fold]:
    """For each source a fold that judges it by a model that has seen neither it nor what is made of it.

    `together` names sources that may be left out at once to save time; any other source has its own fold.
    What was written for Warrant covers ground that no other source covers: it is left out in thirds. Of what
    was put together from several sources only that of written ones is judged, with them.
    """
    parts = [{family(source) for source in example.sources} for example in examples]
    own = np.array([any(part.startswith(WRITTEN) for part in each) for each in parts], dtype=bool)
    single = np.array([len(each) == 1 for each in parts], dtype=bool)
    public = sorted(
        {min(each) for each, alone, ours in zip(parts, single, own, strict=True) if alone and not ours}
    )
    listed = [[name for name in bundle if name in public] for bundle in together]
    bundles = [bundle for bundle in listed if bundle]
    bundles += [[name] for name in public if not any(name in bundle for bundle in bundles)]
    folds = []
    for bundle in bundles:
        judged = single & np.array([not each.isdisjoint(bundle) for each in parts])
        related = {other for name in bundle for other in (name, *RELATED.get(name, ()))}
        unseen = np.array([not each.isdisjoint(related) for each in parts])
        folds.append(Fold("+".join(bundle), without_near(~unseen, judged, grouped), judged))
    third = np.array([example.fold % THIRDS for example in examples])
    for part in range(THIRDS) if own.any() else ():
        judged = own & (third == part)
        unseen = judged | (~single & (third == part))
        folds.append(Fold(f"{WRITTEN}{part + 1}/{THIRDS}", without_near(~unseen, judged, grouped), judged))
    return folds


def _signature(text: str) -> Ints:
    shingles = np.unique(grams(text, SHINGLES)[0].buckets).astype(np.uint64)
    if not len(shingles):  # too short for one: it is like the same text only
        shingles = np.array(
            [int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])], dtype=np.uint64
        )
    random = np.random.default_rng(11)
    factors = random.integers(1, PRIME, HASHES, dtype=np.uint64) | np.uint64(1)
    shifts = random.integers(0, PRIME, HASHES, dtype=np.uint64)
    # The top half of a product modulo 2^64 is a hash good enough to order by.
    hashed = (shingles[:, None] * factors + shifts) >> np.uint64(32)
    least: Ints = hashed.min(axis=0).astype(np.int64)
    return least


def _root(parents: Ints, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return int(place)
