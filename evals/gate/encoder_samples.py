"""Windows that the encoder learns from, of tool results or of requests.

Of an attacked text it is not known which window holds the attack. The windows that speak most like attacked
texts are the candidates, and the encoder picks among them as it learns (multiple-instance learning,
Dietterich et al. 1997). Attacks that are known by themselves are planted into clean windows as well. In a
tool result that is any request: whatever asks an assistant for something does not belong there.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import NamedTuple, TypeAlias, TypeVar

from evals.gate.composing import put
from evals.gate.examples import complete
from evals.gate.places import PLACES
from evals.gate.rows import Row
from models.gate.views.reading import views
from models.gate.windows import windows

T = TypeVar("T")

CANDIDATES = 3
SIZE = 260
SHORTEST = 40
REQUESTED = 0.3
"""Share of the attacks planted into tool results that are harmless requests, were a user to make them."""
LEAST = 120
"""Characters of a request that something is planted into."""
CROSSED = 0.15
"""How often a window's edge runs through what was put in."""
WORD = re.compile(r"\w+|[^\w\s]")


class Sample(NamedTuple):
    """A window and whether it holds an injection."""

    text: str
    label: float


def cut(text: str) -> list[str]:
    """The windows of a text as it is read at the gate."""
    read = plain(text)
    return [read[start:end] for start, end in windows(len(read))]


def plain(text: str) -> str:
    """A text as it is read at the gate."""
    return views(text)[0].text


def features(text: str) -> set[str]:
    """Words and pairs of neighbouring words."""
    found = WORD.findall(text.lower())
    return {*found, *(f"{first} {second}" for first, second in pairwise(found))}


class Evidence:
    """How much more often words stand in attacked texts than in clean ones (naive Bayes)."""

    def __init__(self, rows: Iterable[Row]) -> None:
        counts, totals = (Counter[str](), Counter[str]()), [1, 1]
        for row in rows:
            counts[row.label].update(features(row.text))
            totals[row.label] += 1
        clean, attacked = counts
        self._odds = {
            word: math.log((attacked[word] + 0.5) / totals[1] / ((clean[word] + 0.5) / totals[0]))
            for word in attacked
            if attacked[word] > 1
        }

    def of(self, window: str) -> float:
        """Log-odds summed over what speaks clearly."""
        odds = (self._odds.get(word, 0.0) for word in features(window))
        return sum(value for value in odds if abs(value) > 1)


Groups: TypeAlias = Mapping[str, Sequence[T]]
"""By source."""


class Kind(NamedTuple):
    """Texts that are planted into clean ones."""

    share: float
    """Of all attacks, or of all harmless parts, that are planted."""
    rows: Groups[Row]


@dataclass(frozen=True)
class Material:
    """What the samples of a surface are drawn from."""

    bags: Groups[Sequence[str]]
    """Of each attacked text the windows that may hold the attack, likeliest first."""
    clean: Groups[str]
    """Windows of clean texts, those that speak most like an attack first."""
    attacks: Sequence[Kind]
    """Attacks by themselves."""
    harmless: Sequence[Kind]
    """What may stand anywhere; parts of carriers take the share that is left."""
    carriers: Groups[Row]
    """Clean texts that something is planted into."""


def material(rows: Sequence[Row], surface: str) -> Material:
    """What can be drawn from the rows; of the attacks in requests only the overrides are read."""
    tool = [row for row in rows if row.surface == "tool" and not alone(row)]
    asked = [row for row in rows if row.surface == "input" and (not row.label or alone(row))]
    overrides = _by_source(row for row in asked if row.label)
    requests = _by_source(row for row in asked if complete(row))
    if surface == "tool":
        injections = _by_source(row for row in rows if alone(row) and row.surface == "tool")
        shares = ((1 - REQUESTED) * 2 / 3, (1 - REQUESTED) / 3, REQUESTED)
        read, harmless = tool, list[Kind]()
        attacks = [*map(Kind, shares, (injections, overrides, requests))]
        carriers = [row for row in tool if not row.label]
    else:
        read, harmless = asked, [Kind(0.5, requests)]
        attacks = [Kind(1.0, overrides)]
        carriers = [row for row in (*asked, *tool) if _carries(row)]
    bags, clean = _windows(read)
    return Material(bags, clean, attacks, harmless, _by_source(carriers))


def _windows(rows: Sequence[Row]) -> tuple[Groups[Sequence[str]], Groups[str]]:
    evidence = Evidence(rows)
    bags, clean = defaultdict[str, list[Sequence[str]]](list), defaultdict[str, list[str]](list)
    for row in rows:
        if row.label:
            bags[row.source].append(sorted(cut(row.text), key=evidence.of, reverse=True)[:CANDIDATES])
        else:
            clean[row.source] += cut(row.text)
    ranked = {
        name: sorted(set(each), key=lambda window: (-evidence.of(window), window))
        for name, each in clean.items()
    }
    return bags, ranked


def drawn(groups: Groups[T], random: Random, number: int) -> list[T]:
    """Draws with replacement; a source counts as the square root of its size, so that no large one rules."""
    names = [name for name, each in groups.items() if each]
    if not names:
        return []
    weights = [math.sqrt(len(groups[name])) for name in names]
    return [random.choice(groups[name]) for name in random.choices(names, weights, k=number)]


def alone(row: Row) -> bool:
    """Whether a row is an attack without the text that carries it."""
    written = row.surface == "tool" and row.source.startswith("written-")
    return row.label == 1 and (written or (row.surface, row.category) == ("input", "direct_injection"))


def _carries(row: Row) -> bool:
    """Whether a clean text is long enough to hold something, or is one to work on."""
    return not row.label and (row.surface == "tool" or len(row.text) > LEAST)


def planted(insert: Row, carrier: Row, random: Random) -> str:
    """A window of a clean text with something put in, whole or, where it is long or at an edge, in part."""
    places = [(place, spots) for place in PLACES if (spots := place.spots(carrier.text))]
    place, spots = random.choice(places)
    composed = put(carrier, insert, place, random.choice(spots))
    start, end = composed.span
    length = end - start
    if length >= SIZE:
        first = random.randint(start, end - SIZE)
    else:
        first = random.randint(end - SIZE, start)
        if random.random() < CROSSED:
            first += random.choice((-1, 1)) * int(length * random.uniform(0, 0.4))
    first = max(0, min(first, len(composed.row.text) - SIZE))
    return plain(composed.row.text[first : first + SIZE])[:SIZE]


def fragment(carrier: Row, random: Random) -> Row:
    """A part of a clean text, as if it were a text to put in."""
    start = random.randrange(max(1, len(carrier.text) - SHORTEST))
    return replace(carrier, text=carrier.text[start : start + random.randint(SHORTEST, 160)])


def varied(text: str, random: Random) -> str:
    """A window as others might write it: another case, other white space, escaped."""
    chance = random.random()
    if chance < 0.05:
        return text.upper()
    if chance < 0.10:
        return text.lower()
    if chance < 0.14:
        return text.title()
    if chance < 0.19:
        return " ".join(text.split())
    if chance < 0.24:
        return json.dumps(text)[1:-1][:SIZE]
    return text


Pick: TypeAlias = Callable[[Sequence[Sequence[str]]], Sequence[str]]
"""Says which window of each attacked text holds the attack."""


class Sizes(NamedTuple):
    """Samples of one epoch."""

    attacked: int
    """Windows of attacked texts."""
    clean: int
    planted: int
    """Attacks planted into clean windows."""
    harmless: int
    """Harmless texts planted likewise: without them a seam would tell the planted attacks."""
    hard: int
    """Clean windows that are taken for attacks, from the second epoch on."""


def draw(
    given: Material, random: Random, sizes: Sizes, pick: Pick | None = None, hard: Sequence[str] = ()
) -> list[Sample]:
    """Windows of attacked texts and of clean ones, of which a third speaks most like an attack, and planted.

    Without `pick` the likeliest window by its words is taken; `hard` are clean windows on top.
    """
    bags = drawn(given.bags, random, sizes.attacked)
    suspicious = {name: each[: -(-len(each) // 4)] for name, each in given.clean.items()}
    third = sizes.clean // 3
    attacked = [
        *(pick(bags) if pick else [bag[0] for bag in bags]),
        *_planted(given, _chosen(given.attacks, random, sizes.planted), random),
    ]
    parts = _chosen(given.harmless, random, sizes.harmless)
    own = drawn(given.carriers, random, sizes.harmless - len(parts))
    clean = [
        *hard,
        *drawn(suspicious, random, third),
        *drawn(given.clean, random, sizes.clean - third),
        *_planted(given, [*parts, *(fragment(row, random) for row in own)], random),
    ]
    return [
        Sample(varied(window, random), label)
        for label, windows in ((1.0, attacked), (0.0, clean))
        for window in windows
    ]


def _chosen(kinds: Sequence[Kind], random: Random, number: int) -> list[Row]:
    return [row for kind in kinds for row in drawn(kind.rows, random, round(kind.share * number))]


def _planted(given: Material, parts: Sequence[Row], random: Random) -> list[str]:
    carriers = drawn(given.carriers, random, len(parts))
    return [planted(part, carrier, random) for part, carrier in zip(parts, carriers, strict=True)]


def _by_source(rows: Iterable[Row]) -> Groups[Row]:
    groups = defaultdict[str, list[Row]](list)
    for row in rows:
        groups[row.source].append(row)
    return groups
