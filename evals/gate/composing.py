"""Puts attacks into clean tool outputs: among the sentences, values, cells and comments of others."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evals.gate.places import PLACES, Place
from evals.gate.rows import Row

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Composed:
    """A carrier with a text put in."""

    row: Row
    """Label, category and language are those of the text put in."""
    carrier: Row
    """The clean one."""
    inserted: Row
    place: str
    span: tuple[int, int]
    """Start and end, in the row's text, of what was put in: without it the carrier is left."""

    @property
    def groups(self) -> tuple[str, str]:
        """Ids of the carrier and of the text put in: a grouped split keeps each of them on one side."""
        return self.carrier.id, self.inserted.id

    @property
    def fold(self) -> int:
        """The same for all that share a carrier or a text put in, with `FOLDS` folds."""
        return fold(self.carrier.id)


def fold(identity: str, folds: int = FOLDS) -> int:
    """The fold of a row by its id."""
    return int(hashlib.sha256(identity.encode()).hexdigest(), 16) % folds


def compose(
    carriers: Iterable[Row], inserts: Iterable[Row], *, seed: int = 0, times: int = 1, folds: int = FOLDS
) -> Iterator[Composed]:
    """Each carrier with up to `times` different inserts of its own fold, in places drawn from those it has.

    Attacks make attacked texts. Benign inserts make texts whose seam is no sign of an attack. What a carrier
    becomes depends on the seed, on itself and on the inserts, neither on their order nor on other carriers.
    """
    by_fold = defaultdict[int, list[Row]](list)
    for one in sorted(inserts, key=lambda row: row.id):
        by_fold[fold(one.id, folds)].append(one)
    for carrier in carriers:
        draw = random.Random(f"{seed}/{carrier.id}")
        candidates = by_fold[fold(carrier.id, folds)]
        for insert in draw.sample(candidates, min(times, len(candidates))):
            yield _put(carrier, insert, draw)


def _put(carrier: Row, insert: Row, draw: random.Random) -> Composed:
    places = [(place, spots) for place in PLACES if (spots := place.spots(carrier.text))]
    place, spots = draw.choice(places)
    return put(carrier, insert, place, draw.choice(spots))


def put(carrier: Row, insert: Row, place: Place, at: int) -> Composed:
    """The insert in one place of the carrier, at one of its spots."""
    dressed = place.dressed(insert.text, carrier.text, at)
    key = f"{carrier.id}/{insert.id}/{place.name}/{at}"
    row = Row(
        id=hashlib.sha256(key.encode()).hexdigest()[:16],
        text=carrier.text[:at] + dressed + carrier.text[at:],
        label=insert.label,
        category=insert.category,
        source=f"{carrier.source}+{insert.source}",
        licence=" AND ".join(sorted({carrier.licence, insert.licence})),
        surface=carrier.surface,
        lang=insert.lang,
        sub=f"{insert.sub}@{place.name}",
    )
    return Composed(row, carrier, insert, place.name, (at, at + len(dressed)))
