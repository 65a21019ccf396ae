"""The two rankings of a search over a view: BM25, and the vectors compared one by one."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tools.index.local.view import Located, Part, TailPart, View
from tools.index.similarity import cosines

SLACK = 1e-5
"""How far a product of float32 matrices may be off; what comes so close is compared exactly."""


Numbers: TypeAlias = NDArray[np.integer[Any]]


class Leg(NamedTuple):
    """A ranking, best first; of equal scores the smaller id comes first."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]


class Sparse(NamedTuple):
    """BM25 scores of every row that has a term of the query."""

    scores: list[NDArray[np.float64]]
    """By part."""
    leg: Leg


def sparse(view: View, terms: NDArray[np.int32], idf: NDArray[np.float64], count: int) -> Sparse:
    """The best passages that have a term of the query.

    Args:
        view: What the caller may read.
        terms: Numbers of the query's terms, as often as they stand there; 0 for one that no passage has.
        idf: Of each.
        count: How many.
    """
    scores: list[NDArray[np.float64]] = []
    touched: list[list[Numbers]] = []
    strong: list[tuple[float, int, Numbers]] = []
    different, first, often = np.unique(terms[terms > 0], return_index=True, return_counts=True)
    # Sums in the order of the query: the numbers of terms depend on what others may read.
    asked = np.argsort(first)
    different, weights = different[asked], (idf[terms > 0][first] * often)[asked]
    for number, part in enumerate(view.parts):
        matches = [part.of(term) for term in different.tolist()]
        touched.append([rows for rows, _ in matches])
        scores.append(_scores(view, part, matches, weights))
        strong += zip(weights.tolist(), repeat(number), touched[number], strict=False)
    bound = _bound(view, scores, strong, count)
    found: list[tuple[int, Numbers]] = []
    for number, part in enumerate(view.parts):
        if bound > 0:
            rows = np.flatnonzero(scores[number] >= bound)
        else:
            rows = np.unique(np.concatenate([*touched[number], np.empty(0, np.int64)]))
        found.append((number, rows if part.live is None else rows[part.live[rows]]))
    ids = [view.parts[number].rows.ids[rows] for number, rows in found]
    values = [scores[number][rows] for number, rows in found]
    return Sparse(
        scores,
        ranked(np.concatenate([*ids, np.empty(0, np.int64)]), np.concatenate([*values, np.empty(0)]), count),
    )


def exact(parts: Sequence[tuple[Part | TailPart, int]], query: NDArray[np.float32], count: int) -> Leg:
    """The nearest passages, by comparing with every vector of these parts from the row given on."""
    near = [_similar(part, first, query) for part, first in parts]
    every = np.concatenate([*near, np.empty(0, np.float32)])
    limit = np.partition(every, -count)[-count] - SLACK if len(every) > count else -np.inf
    ids, values = [np.empty(0, np.int64)], [np.empty(0)]
    for (part, first), similar in zip(parts, near, strict=True):
        rows = first + np.flatnonzero((similar >= limit) & np.isfinite(similar))
        ids.append(part.rows.ids[rows])
        values.append(cosines(part.rows.vectors, query, rows))
    return ranked(np.concatenate(ids), np.concatenate(values), count)


def ranked(ids: NDArray[np.int64], scores: NDArray[np.float64], count: int) -> Leg:
    """The best of some passages, each of which is taken once."""
    if len(ids) > 4 * count:
        # What ties with the last one stays in, so that the sort decides which of them is taken.
        best = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
        ids, scores = ids[best], scores[best]
    order = np.lexsort((ids, -scores))[:count]
    return Leg(ids[order], scores[order])


def at(scores: Sequence[NDArray[np.float64]], located: Located) -> NDArray[np.float64]:
    """The scores of passages that were located."""
    found = np.zeros(len(located.ids))
    for number in np.unique(located.parts):
        places = located.parts == number
        found[places] = scores[number][located.rows[places]]
    return found


def _scores(
    view: View,
    part: Part | TailPart,
    matches: Sequence[tuple[Numbers, Numbers]],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """BM25 scores of all rows of a part, from the rows that have each of the query's terms."""
    rows = np.concatenate([*(rows for rows, _ in matches), np.empty(0, np.int32)])
    if view.okapi is None or not len(rows):
        return np.zeros(len(part.rows))
    counts = np.concatenate([counts for _, counts in matches])
    idf = np.repeat(weights, [len(rows) for rows, _ in matches])
    # It adds in the order in which they stand here: that of the query.
    added = view.okapi.weights(idf, counts, part.lengths.take(rows))
    return np.asarray(np.bincount(rows, added, len(part.rows)), np.float64)


def _bound(
    view: View,
    scores: Sequence[NDArray[np.float64]],
    strong: list[tuple[float, int, Numbers]],
    count: int,
) -> float:
    """A score that the count-th best passage reaches: what lies below need not be sorted. 0 for none."""
    found: list[Numbers] = []
    size, last = 0, 0.0
    for weight, number, rows in sorted(strong, key=lambda one: (-one[0], one[1])):
        if size >= count and weight != last:
            break
        live = view.parts[number].live
        kept = rows if live is None else rows[live[rows]]
        # A row may have come with a stronger term; it must not count twice.
        found.append(kept.astype(np.int64) + (number << 32))
        size, last = size + len(kept), weight
    keys = np.unique(np.concatenate([*found, np.empty(0, np.int64)]))
    if len(keys) < count:
        return 0.0
    values = np.empty(len(keys))
    for number in np.unique(keys >> 32):
        own = keys >> 32 == number
        values[own] = scores[number][keys[own] & 0xFFFFFFFF]
    return float(np.partition(values, -count)[-count])


def _similar(part: Part | TailPart, first: int, query: NDArray[np.float32]) -> NDArray[np.float32]:
    similar: NDArray[np.float32] = np.einsum("ij,j->i", part.rows.vectors[first:], query)
    if part.live is not None:
        similar = np.where(part.live[first:], similar, np.float32(-np.inf))
    return similar
