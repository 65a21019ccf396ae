"""Windows that the encoder learns from.

Of an attacked text it is not known which window holds the attack. The windows that speak most like attacked
texts are the candidates, and the encoder picks among them as it learns (multiple-instance learning,
Dietterich et al. 1997). Attacks that are known by themselves are planted into clean windows.
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
class Material:
    """What samples are drawn from."""

    bags: Groups[Sequence[str]]
    """Of each attacked text the windows that may hold the attack, likeliest first."""
    attacks: Groups[Row]
    """Injections by themselves."""
    requests: Groups[Row]
    """Requests that override instructions: they are injections when a tool returns them."""
    clean: Groups[str]
    """Windows of clean texts, those that speak most like an attack first."""
    carriers: Groups[Row]
    """Clean texts."""
    foreign: Groups[Row]
    """Harmless requests in other languages, so that no language is taken for an attack."""


def material(rows: Sequence[Row]) -> Material:
    """Sort rows into what can be drawn from; requests that override nothing are not read."""
    tool = [row for row in rows if row.surface == "tool" and not alone(row)]
    evidence = Evidence(tool)
    bags, clean = defaultdict[str, list[Sequence[str]]](list), defaultdict[str, list[str]](list)
    for row in tool:
        if row.label:
            bags[row.source].append(sorted(cut(row.text), key=evidence.of, reverse=True)[:CANDIDATES])
        else:
            clean[row.source] += cut(row.text)
    carriers = _by_source(row for row in tool if not row.label)
    ranked = {
        name: sorted(set(each), key=lambda window: (-evidence.of(window), window))
        for name, each in clean.items()
    }
    by_itself = [row for row in rows if alone(row)]
    return Material(
        bags=bags,
        attacks=_by_source(row for row in by_itself if row.surface == "tool"),
        requests=_by_source(row for row in by_itself if row.surface == "input"),
        clean=ranked,
        carriers=carriers,
        foreign=_by_source(row for row in rows if _foreign(row)),
    )


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


def draw(
    given: Material,
    random: Random,
    sizes: tuple[int, int, int],
    pick: Callable[[Sequence[Sequence[str]]], Sequence[str]] | None = None,
    hard: Sequence[str] = (),
) -> list[Sample]:
    """Samples of one epoch: windows of attacked texts, planted attacks, clean windows; as many as `sizes`.

    `pick` says which window of each attacked text holds the attack (otherwise the likeliest by its words);
    `hard` are clean windows that are taken for attacks and come on top.
    """
    bags = drawn(given.bags, random, sizes[0])
    chosen = pick(bags) if pick else [bag[0] for bag in bags]
    third = sizes[1] // 3
    attacks = [*drawn(given.attacks, random, sizes[1] - third), *drawn(given.requests, random, third)]
    part = sizes[2] // 4
    suspicious = {name: each[: -(-len(each) // 4)] for name, each in given.clean.items()}
    foreign = drawn(given.foreign, random, part // 3)
    own = [fragment(row, random) for row in drawn(given.carriers, random, part - len(foreign))]
    clean = [
        *hard,
        *drawn(suspicious, random, part),
        *drawn(given.clean, random, sizes[2] - 2 * part),
        # Otherwise a seam would tell the planted attacks.
        *_planted([*foreign, *own], given, random),
    ]
    samples = [
        *(Sample(varied(window, random), 1.0) for window in chosen),
        *(Sample(varied(window, random), 1.0) for window in _planted(attacks, given, random)),
        *(Sample(varied(window, random), 0.0) for window in clean),
    ]
    random.shuffle(samples)
    return samples


def _planted(parts: Sequence[Row], given: Material, random: Random) -> list[str]:
    carriers = drawn(given.carriers, random, len(parts))
    return [planted(part, carrier, random) for part, carrier in zip(parts, carriers, strict=True)]


def _by_source(rows: Iterable[Row]) -> Groups[Row]:
    groups = defaultdict[str, list[Row]](list)
    for row in rows:
        groups[row.source].append(row)
    return groups
