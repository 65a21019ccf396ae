"""The features of a claim and its evidence that the classifier sees."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from math import log1p
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.faithfulness.numbers import Quantity
from models.faithfulness.polarity import against, alike, turned
from models.faithfulness.reading import PERSONS, Name, Read, names
from models.offline.rarity import coverage
from models.text import STOP_WORDS

EMBEDDED = 8
"""Of the nearest sentences, so many are embedded: what a check costs at most."""
ALIGNED = 3
"""Sentences that are aligned with the claim word by word."""
MAX_WORDS = 120
"""Words of each that are aligned."""


CLAUSE = re.compile(r"[,;:()–—]|\b(?:and|but|which|who)\b")


class Encoder(Protocol):
    """What gives vectors of norm 1; the embedding models of this project do."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, dimensions)."""
        ...


def lexical(claim: Read, near: Sequence[Read], everything: Sequence[Read]) -> dict[str, float]:
    """How much of the claim's words stand in the evidence, in one sentence, and in what order."""
    held = frozenset().union(*(one.terms for one in everything))
    best = near[0]
    cover = _greedy(claim, near)
    missing = {term: weight for term, weight in claim.weights.items() if term not in held}
    lacking = {term: weight for term, weight in claim.weights.items() if term not in best.terms}
    said = {word for one in everything for word in one.words}
    words = claim.words
    runs = [_run(words, one.words) for one in near[:ALIGNED]]
    longest, ordered = max(run[0] for run in runs), max(run[1] for run in runs)
    persons = [word for word in words if word in PERSONS]
    return {
        "cover_all": coverage(claim.weights, held),
        "cover_best": coverage(claim.weights, best.terms),
        "cover_second": coverage(claim.weights, best.terms | near[min(1, len(near) - 1)].terms),
        "cover_three": cover,
        "words_all": _share(words, said),
        "words_best": max(_share(words, set(one.words)) for one in near[:ALIGNED]),
        "bigrams_all": _grams(claim, everything, 2),
        "bigrams_best": max(_grams(claim, [one], 2) for one in near[:ALIGNED]),
        "trigrams_all": _grams(claim, everything, 3),
        "run": longest / max(1, len(words[:MAX_WORDS])),
        "run_log": log1p(longest),
        "ordered": ordered / max(1, len(words[:MAX_WORDS])),
        "missing": log1p(len(missing)),
        "missing_weight": log1p(sum(missing.values())),
        "missing_rarest": max(missing.values(), default=0.0),
        "lacking": log1p(len(lacking)),
        "lacking_rarest": max(lacking.values(), default=0.0),
        "persons": log1p(len(persons)),
        "persons_strange": log1p(sum(word not in said for word in persons)),
        "function_strange": log1p(sum(word in STOP_WORDS and word not in said for word in words)),
        "used_of_best": coverage(best.weights, claim.terms),
        "claim_words": log1p(len(words)),
        "best_words": log1p(len(best.words)),
        "sentences": log1p(len(everything)),
        "asks": float("?" in claim.text),
        "exclaims": float("!" in claim.text),
    }


def turning(claim: Read, near: Sequence[Read]) -> dict[str, float]:
    """Negations, directions and strength of the claim against the nearest sentences."""
    own = claim.stance
    best, top = near[0].stance, [one.stance for one in near[:ALIGNED]]
    trusted = coverage(claim.weights, near[0].terms)
    denies = float(bool(own.negations) != bool(best.negations))
    opposed = float(against(own, best))
    return {
        "denies": float(own.negations > 0),
        "denied_best": float(best.negations > 0),
        "negation_differs": denies,
        "negation_differs_near": denies * trusted,
        "negation_nowhere": float(own.negations > 0 and not any(one.negations for one in top)),
        "opposed": opposed,
        "opposed_near": opposed * trusted,
        "opposed_top": float(max(against(own, one) for one in top)),
        "alike": float(alike(own, best)),
        "alike_top": float(max(alike(own, one) for one in top)),
        "directed": float(len(own.up) + len(own.down)),
        "strong": float(own.strong > 0),
        "stronger": float(own.strong > 0 and not any(one.strong for one in top)),
        "hedged": float(own.hedged > 0),
        "unhedged": float(not own.hedged and best.hedged > 0),
    }


def strange_quantities(claim: Read, everything: Sequence[Read]) -> list[tuple[Quantity, str]]:
    """Numbers of the claim that stand nowhere in the evidence (`value`) or with other units only (`unit`)."""
    known = [one for read in everything for one in read.quantities]
    values = frozenset().union(*(one.values for one in known))
    found = []
    for one in claim.quantities:
        if not one.values & values:
            found.append((one, "value"))
        elif one.unit and all(
            other.unit not in (None, one.unit) for other in known if one.values & other.values
        ):
            found.append((one, "unit"))
    return found


def strange_names(claim: Read, everything: Sequence[Read]) -> list[Name]:
    """Names and codes of the claim that stand nowhere in the evidence."""
    said = {part for one in everything for word in one.words for part in (word, word.removesuffix("'s"))}
    stems = frozenset().union(*(one.terms for one in everything))
    return [
        name
        for name in names(claim.text)
        if name.word.lower() not in said and not Read(name.word).terms <= stems
    ]


def facts(claim: Read, near: Sequence[Read], everything: Sequence[Read]) -> dict[str, float]:
    """Numbers and names of the claim against the evidence."""
    strange = strange_quantities(claim, everything)
    values = [one for one, why in strange if why == "value"]
    digits = [one for one in values if not one.spelled]
    every = claim.quantities
    aligned = frozenset().union(*(one.values for read in near[:ALIGNED] for one in read.quantities))
    apart = [one for one in every if not one.values & aligned]
    called, unknown = names(claim.text), strange_names(claim, everything)
    top = frozenset().union(*(one.terms for one in near[:ALIGNED]))
    away = [name for name in called if not Read(name.word).terms <= top]
    return {
        "numbers": log1p(len(every)),
        "numbers_strange": log1p(len(digits)),
        "numbers_spelled_strange": log1p(len(values) - len(digits)),
        "numbers_unit": float(len(strange) > len(values)),
        "numbers_apart": log1p(len(apart)),
        "names": log1p(len(called)),
        "names_strange": log1p(len(unknown)),
        "names_strange_share": len(unknown) / max(1, len(called)),
        "names_apart": log1p(len(away)),
    }


def embedded(claim: Read, near: Sequence[Read], encoder: Encoder) -> dict[str, float]:
    """Cosines of the claim, of its parts, and of its opposite with the nearest sentences."""
    near, parts = near[:EMBEDDED], _parts(claim.text)
    opposite = turned(claim.text)
    vectors = encoder.embed([claim.text, opposite, *parts, *(one.text for one in near)])
    whole, against_, rest = vectors[0], vectors[1], vectors[2:]
    own, given = rest[: len(parts)], rest[len(parts) :]
    cosines = given @ whole
    best = np.sort(cosines)[::-1]
    each = (own @ given.T).max(1)
    middle = given[np.argsort(-cosines)[:ALIGNED]].sum(0)
    return {
        "cosine": float(best[0]),
        "cosine_second": float(best[1] if len(best) > 1 else best[0]),
        "cosine_three": float(best[:ALIGNED].mean()),
        "cosine_middle": float(whole @ middle / (np.linalg.norm(middle) + 1e-9)),
        "cosine_nearest": float(cosines[0]),
        "cosine_part_least": float(each.min()),
        "cosine_part_mean": float(each.mean()),
        "cosine_turned": float((given @ against_).max() - best[0]),
    }


def _greedy(claim: Read, near: Sequence[Read]) -> float:
    held: frozenset[str] = frozenset()
    for _ in range(ALIGNED):
        held |= max((one.terms for one in near), key=lambda terms: coverage(claim.weights, held | terms))
    return coverage(claim.weights, held)


def _share(words: Sequence[str], said: set[str]) -> float:
    return sum(word in said for word in words) / max(1, len(words))


def _grams(claim: Read, near: Sequence[Read], n: int) -> float:
    own = claim.grams(n)
    return len(own & set().union(*(one.grams(n) for one in near))) / max(1, len(own))


def _run(words: Sequence[str], given: Sequence[str]) -> tuple[int, int]:
    """Length of the longest common run of words, and of all of them that are in order."""
    matcher = SequenceMatcher(None, words[:MAX_WORDS], given[:MAX_WORDS], autojunk=False)
    blocks = matcher.get_matching_blocks()
    return max(block.size for block in blocks), sum(block.size for block in blocks)


def _parts(text: str) -> list[str]:
    """The clauses of a claim, at most six of at least three words; the claim itself if it has none."""
    parts = [part.strip() for part in CLAUSE.split(text)]
    return [part for part in parts if len(part.split()) >= 3][:6] or [text]
