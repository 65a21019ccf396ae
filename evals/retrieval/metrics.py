"""Measures of one query: of ranked documents, and of ranked passages against spans."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from evals.retrieval.judgements import Span, merged
from evals.scorers.retrieval import ndcg, reciprocal_rank

Gain: TypeAlias = Literal["linear", "exponential"]
CHARACTERS = 2_000
"""Of retrieved text that is read: what fits beside a question in a small prompt."""
DOCUMENT_METRICS = ("ndcg_at_10", "recall_at_10", "recall_at_100", "mrr_at_10", "precision_at_10")
PASSAGE_METRICS = ("hit_at_1", "mrr_at_10", "recall_in_2000", "density_in_2000")


class Found(NamedTuple):
    """A passage that was retrieved."""

    document: str
    start: int
    end: int


def by_document(ranking: Sequence[str], grades: Mapping[str, int], gain: Gain = "linear") -> dict[str, float]:
    """Measures of ranked documents, each of which stands there once.

    Recall and precision count grades above 0. The gain of nDCG (Järvelin and Kekäläinen 2002) is the grade,
    as in trec_eval, or 2^grade - 1 (Burges et al. 2005).

    Raises:
        ValueError: nothing is relevant, or a document stands there twice.
    """
    if len(set(ranking)) != len(ranking):
        raise ValueError("a document stands twice in the ranking")
    relevant = [grade for grade in grades.values() if grade > 0]
    if not relevant:
        raise ValueError("nothing is relevant")
    got = [grades.get(document, 0) for document in ranking[:100]]
    hits = [grade > 0 for grade in got]
    # What is missing of ten counts as not relevant.
    top = [*got, *[0] * 10][:10]
    return {
        "ndcg_at_10": ndcg(_gains(top, gain), _gains(relevant, gain)) or 0.0,
        "recall_at_10": sum(hits[:10]) / len(relevant),
        "recall_at_100": sum(hits) / len(relevant),
        "mrr_at_10": reciprocal_rank(top),
        "precision_at_10": sum(hits[:10]) / 10,
    }


def by_passage(
    ranking: Sequence[Found], spans: Sequence[Span], characters: int = CHARACTERS
) -> dict[str, float]:
    """Measures of ranked passages against the spans that answer the query, which do not overlap.

    A passage is a hit if it shares a character with a span. The first `characters` of the retrieved text are
    read, the last passage of them in part: recall is the share of the spans' characters among them, density
    the share of what was read that is in a span, where reading a character twice counts once for the former.

    Raises:
        ValueError: there is no span.
    """
    if not spans:
        raise ValueError("nothing is relevant")
    hits = [int(_shared(passage, spans) > 0) for passage in ranking[:10]]
    read = _read(ranking, characters)
    union = merged([Span(*passage) for passage in read])
    seen = sum(_shared(Found(*span), spans) for span in union)
    amount = sum(passage.end - passage.start for passage in read)
    return {
        "hit_at_1": float(bool(hits and hits[0])),
        "mrr_at_10": reciprocal_rank(hits),
        "recall_in_2000": seen / sum(span.end - span.start for span in spans),
        "density_in_2000": seen / amount if amount else 0.0,
    }


def _read(ranking: Sequence[Found], characters: int) -> list[Found]:
    """The passages of the first characters, the last one cut."""
    read: list[Found] = []
    for passage in ranking:
        if characters <= 0:
            break
        read.append(passage._replace(end=min(passage.end, passage.start + characters)))
        characters -= passage.end - passage.start
    return [passage for passage in read if passage.start < passage.end]


def _shared(passage: Found, spans: Sequence[Span]) -> int:
    """Characters that lie in a span too."""
    return sum(
        max(0, min(passage.end, span.end) - max(passage.start, span.start))
        for span in spans
        if span.document == passage.document
    )


def _gains(grades: Sequence[int], gain: Gain) -> list[int]:
    return [2**grade - 1 for grade in grades] if gain == "exponential" else list(grades)
