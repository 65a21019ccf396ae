"""How much of what answers a query is found, and how high.

Characters: the chunks in rank order until `BUDGET` characters are retrieved, the last one cut there. What two
chunks hold costs twice and counts once. Every figure is taken per query and then averaged over the queries
(macro), so that a query with a long answer weighs no more than one with a short answer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

BUDGET = 2_000
"""Characters that a reader, or a model's prompt, is given."""
DEPTH = 10

Spans = Mapping[str, Sequence[tuple[int, int]]]
"""Characters by document."""


class Piece(NamedTuple):
    """A chunk of a document; one that is not a span of it has the start -1."""

    document: str
    start: int
    length: int
    """Characters that it costs."""


class Found(NamedTuple):
    """How one query fared."""

    recall: float
    """Share of the answering characters within the budget."""
    precision: float
    """Share of the retrieved characters that answer."""
    hit: float
    """Whether the first chunk holds a character that answers."""
    reciprocal_rank: float
    """1 / the rank of the first chunk that does, 0 beyond DEPTH."""


def spans_found(ranking: Sequence[Piece], answers: Spans, budget: int = BUDGET) -> Found:
    """How well a ranking of chunks covers the characters that answer."""
    wanted = {(document, at) for document, spans in answers.items() for one in spans for at in range(*one)}
    seen: set[tuple[str, int]] = set()
    left = budget
    for piece in ranking:
        length = min(piece.length, left)
        left -= length
        if piece.start >= 0 and piece.document in answers:
            seen |= {(piece.document, at) for at in range(piece.start, piece.start + length)} & wanted
        if not left:
            break
    ranks = (rank for rank, piece in enumerate(ranking[:DEPTH], 1) if touches(piece, answers))
    first = next(ranks, 0)
    used = max(1, budget - left)
    return Found(len(seen) / len(wanted), len(seen) / used, float(first == 1), 1 / first if first else 0.0)


def touches(piece: Piece, answers: Spans) -> bool:
    """Whether a chunk holds a character that answers."""
    end = piece.start + piece.length
    spans = answers.get(piece.document, ()) if piece.start >= 0 else ()
    return any(piece.start < last and first < end for first, last in spans)


def ndcg(ranking: Iterable[str], grades: Mapping[str, int]) -> float:
    """nDCG@10 of documents, each at its best chunk (Järvelin and Kekäläinen 2002; linear gain, trec_eval)."""
    found = [grades.get(document, 0) for document in list(dict.fromkeys(ranking))[:DEPTH]]
    return _gain(found) / _gain(sorted(grades.values(), reverse=True)[:DEPTH])


def _gain(grades: Iterable[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
