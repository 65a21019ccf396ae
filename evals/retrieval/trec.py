"""Runs of other systems in TREC's format: `query Q0 document rank score tag`."""

from collections import defaultdict
from pathlib import Path

from evals.packed import UNREADABLE, why
from evals.retrieval.collection import Collection
from evals.retrieval.measuring import header, scored
from evals.retrieval.metrics import Found, Gain
from evals.retrieval.results import Measured
from state.errors import UsageError

LAYOUT = "Each line is `query Q0 document rank score tag`."


def read(path: Path) -> dict[str, list[str]]:
    """Documents by query, sorted as trec_eval does: by score, then by name, both from high to low.

    Raises:
        UsageError: it cannot be read, is empty, or a line is no such line.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    try:
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if fields := line.split():
                query, document, score = _fields(path, at, fields)
                if document in found[query]:
                    raise UsageError(f"{path}, line {at}: {document!r} was there already.", LAYOUT)
                found[query][document] = score
    except UNREADABLE as error:
        raise UsageError(f"Cannot read {path}: {why(error)}.", f"Give a run of TREC. {LAYOUT}") from error
    if not found:
        raise UsageError(f"{path} is empty.", LAYOUT)
    return {
        query: [document for document, _ in sorted(scores.items(), key=lambda one: one[::-1], reverse=True)]
        for query, scores in found.items()
    }


def measure(collection: Collection, path: Path, gain: Gain) -> Measured:
    """Score a run; a query that it does not answer has found nothing.

    Raises:
        UsageError: the judgements are spans, of which such a run says nothing, or it is of other queries.
    """
    if collection.judgements.spans:
        raise UsageError(
            "A run of TREC names documents, and these judgements are spans.", "Give graded ones."
        )
    rankings = read(path)
    if not rankings.keys() & collection.queries.keys():
        raise UsageError(f"{path} answers none of the queries.", "Give the run of this collection.")
    asked = [
        scored(collection, query, [Found(one, 0, 0) for one in rankings.get(query, ())], gain)
        for query in collection.queries
    ]
    return Measured(header=header(collection, path.name, gain), queries=tuple(asked))


def _fields(path: Path, at: int, fields: list[str]) -> tuple[str, str, float]:
    try:
        query, _, document, _, score, _ = fields
        return query, document, float(score)
    except ValueError as error:
        raise UsageError(f"{path}, line {at}: it is not a line of a run.", LAYOUT) from error
