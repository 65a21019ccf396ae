"""Windows that the encoder learns from, of tool results and of requests.

Of an attacked text it is not known which window holds the attack. The windows that speak most like attacked
texts are the candidates, and the encoder picks among them as it learns (multiple-instance learning,
Dietterich et al. 1997). For tool results attacks that are known by themselves are planted into clean windows
as well.
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
from evals.gate.places import PLACES
from evals.gate.rows import Row
from models.gate.views.reading import views
from models.gate.windows import windows

T = TypeVar("T")

CANDIDATES = 3
SIZE = 260
SHORTEST = 40
CROSSED = 0.15
"""How often a window's edge runs through what was put in."""
WORD = re.compile(r"\w+|[^\w\s]")


class Sample(NamedTuple):
    """A window and whether it holds an injection."""

    text: str
    label: float
    surface: str


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


@dataclass(frozen=True)
class Windows:
    """The windows of one surface's texts."""

    surface: str
    bags: Groups[Sequence[str]]
    """Of each attacked text the windows that may hold the attack, likeliest first."""
    clean: Groups[str]
    """Windows of clean texts, those that speak most like an attack first."""


@dataclass(frozen=True)
class Material:
    """What samples are drawn from."""

    results: Windows
    requests: Windows
    attacks: Groups[Row]
    """Injections by themselves."""
    overrides: Groups[Row]
    """Requests that override instructions: they are injections when a tool returns them."""
    carriers: Groups[Row]
    """Clean texts."""
    foreign: Groups[Row]
    """Harmless requests in other languages, so that no language is taken for an attack."""


def material(rows: Sequence[Row]) -> Material:
    """Sort rows into what can be drawn from; of the attacks in requests only the overrides are read."""
    tool = [row for row in rows if row.surface == "tool" and not alone(row)]
    asked = [row for row in rows if row.surface == "input" and (not row.label or alone(row))]
    return Material(
        results=_windows("tool", tool),
        requests=_windows("input", asked),
        attacks=_by_source(row for row in rows if alone(row) and row.surface == "tool"),
        overrides=_by_source(row for row in asked if row.label),
        carriers=_by_source(row for row in tool if not row.label),
        foreign=_by_source(row for row in rows if _foreign(row)),
    )


def _windows(surface: str, rows: Sequence[Row]) -> Windows:
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
    return Windows(surface, bags, ranked)


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


def _foreign(row: Row) -> bool:
    chosen = row.surface == "input" and row.source.startswith("written-")
    return chosen and row.label == 0 and row.lang != "en"


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
    """Samples of one surface in one epoch."""

    attacked: int
    """Windows of attacked texts."""
    clean: int
    planted: int = 0
    """Attacks planted into clean windows, of tool results."""


def draw(
    given: Windows, random: Random, sizes: Sizes, pick: Pick | None = None, hard: Sequence[str] = ()
) -> list[Sample]:
    """Windows of attacked texts and of clean ones; a third of these speak most like an attack.

    Without `pick` the likeliest window by its words is taken; `hard` are clean windows that are taken for
    attacks and come on top.
    """
    bags = drawn(given.bags, random, sizes.attacked)
    chosen = pick(bags) if pick else [bag[0] for bag in bags]
    suspicious = {name: each[: -(-len(each) // 4)] for name, each in given.clean.items()}
    third = sizes.clean // 3
    clean = [
        *hard,
        *drawn(suspicious, random, third),
        *drawn(given.clean, random, sizes.clean - third),
    ]
    return [
        *(Sample(varied(window, random), 1.0, given.surface) for window in chosen),
        *(Sample(varied(window, random), 0.0, given.surface) for window in clean),
    ]


def draw_planted(given: Material, random: Random, number: int) -> list[Sample]:
    """Attacks planted into clean windows, and half as many harmless parts planted likewise.

    Without the latter a seam would tell the planted attacks.
    """
    third, half = number // 3, number // 2
    attacks = [*drawn(given.attacks, random, number - third), *drawn(given.overrides, random, third)]
    foreign = drawn(given.foreign, random, half // 3)
    own = [fragment(row, random) for row in drawn(given.carriers, random, half - len(foreign))]
    return [
        Sample(varied(window, random), label, given.results.surface)
        for label, parts in ((1.0, attacks), (0.0, [*foreign, *own]))
        for window in _planted(parts, given, random)
    ]


def _planted(parts: Sequence[Row], given: Material, random: Random) -> list[str]:
    carriers = drawn(given.carriers, random, len(parts))
    return [planted(part, carrier, random) for part, carrier in zip(parts, carriers, strict=True)]


def _by_source(rows: Iterable[Row]) -> Groups[Row]:
    groups = defaultdict[str, list[Row]](list)
    for row in rows:
        groups[row.source].append(row)
    return groups
