"""Calibrates when the offline model abstains, and measures what that costs.

    python -m evals.abstention --data DIR [--write] [--cache DIR]

Answerable pairs are queries with the passages found in their own collection, of which one is judged
relevant. Unanswerable are queries with passages of another collection (`elsewhere`), and queries with what
is found once the relevant passages are taken out (`removed`). A logistic regression is fitted on the half
of the queries whose hash is even; what is reported is measured on the other half.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.collection import Collection, Piece, Query
from evals.statistics.intervals import wilson
from models.embeddings.names import resolve
from models.offline.abstention import CALIBRATION, Calibration, Signals, Weights, signals
from models.offline.prompt import Evidence
from models.offline.relevance import Question, rank
from models.offline.units import units
from models.offline.vectors import Remembered

NAMES = ("chunkeval", "cranfield", "npl", "scifact")
PASSAGES = 6
MAX_QUERIES = 240
"""Queries of one collection, chosen by hash."""
MOST_TURNED_AWAY = 0.1
"""The threshold is the highest that turns away no more of the answerable pairs of the fitting half."""
RIDGE = 1e-2
STEPS = 50


class Pair(NamedTuple):
    """A query with the passages that were found for it."""

    collection: str
    query: str
    kind: str
    """`answerable`, `removed` or `elsewhere`."""
    signals: Signals

    @property
    def answerable(self) -> bool:
        """Whether one of the passages is judged relevant."""
        return self.kind == "answerable"

    @property
    def fits(self) -> bool:
        """Whether the pair belongs to the half that is fitted on; a query is never in both."""
        return hashlib.sha256(f"{self.collection}/{self.query}".encode()).digest()[-1] % 2 == 0


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % Wilson interval."""

    share: float
    low: float
    high: float
    n: int


def rate(hits: int, n: int) -> Rate:
    """The share of `hits` among `n`; 0 with all of [0, 1] for its interval where there is none."""
    low, high = wilson(hits, n)
    return Rate(round(hits / n, 4) if n else 0.0, round(low, 4), round(high, 4), n)


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a positive scores higher than a negative, ties counted half."""
    if positive.all() or not positive.any():
        return float("nan")
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    count = int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(values[inverse]) - count)))


def fit(pairs: Sequence[Pair]) -> Calibration:
    """Logistic regression by Newton's method with a ridge; each kind of each collection weighs the same."""
    features = np.array([pair.signals for pair in pairs], np.float64)
    target = np.array([pair.answerable for pair in pairs], np.float64)
    mean, spread = features.mean(0), features.std(0) + 1e-9
    design = np.hstack([(features - mean) / spread, np.ones((len(pairs), 1))])
    importance = _importance(pairs)
    weights = np.zeros(design.shape[1])
    penalty = RIDGE * np.diag([*np.ones(len(mean)), 0.0])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (importance * (target - p)) - penalty @ weights
        curvature = (design * (importance * p * (1 - p))[:, None]).T @ design + penalty
        weights += np.linalg.solve(curvature, gradient)
    raw = weights[:-1] / spread
    named = dict(zip(Signals._fields, (round(float(value), 4) for value in raw), strict=True))
    rough = Calibration(
        weights=Weights(**named), bias=round(float(weights[-1] - raw @ mean), 4), threshold=0.5
    )
    return rough.model_copy(update={"threshold": _threshold(rough, pairs)})


def _importance(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    groups = [(pair.collection, pair.kind) for pair in pairs]
    sizes = {group: groups.count(group) for group in set(groups)}
    # Two kinds are unanswerable and one is answerable: halve them, so that both outcomes weigh the same.
    share = [
        (1.0 if pair.answerable else 0.5) / sizes[group] for pair, group in zip(pairs, groups, strict=True)
    ]
    return np.array(share) / sum(share)


def _threshold(calibration: Calibration, pairs: Sequence[Pair]) -> float:
    scores = sorted(calibration.probability(pair.signals) for pair in pairs if pair.answerable)
    return int(scores[int(len(scores) * MOST_TURNED_AWAY)] * 1000) / 1000 if scores else 0.5


def measure(calibration: Calibration, pairs: Sequence[Pair]) -> dict[str, Any]:
    """AUC and error rates of one set of pairs."""
    scores = np.array([calibration.probability(pair.signals) for pair in pairs])
    kinds = np.array([pair.kind for pair in pairs])
    answered = scores >= calibration.threshold
    return {
        "auc_elsewhere": round(auc(scores[kinds != "removed"], kinds[kinds != "removed"] == "answerable"), 3),
        "auc_removed": round(
            auc(scores[kinds != "elsewhere"], kinds[kinds != "elsewhere"] == "answerable"), 3
        ),
        "abstains_though_answerable": asdict(_rate(~answered, kinds == "answerable")),
        "answers_elsewhere": asdict(_rate(answered, kinds == "elsewhere")),
        "answers_removed": asdict(_rate(answered, kinds == "removed")),
    }


def _rate(wrong: NDArray[np.bool_], among: NDArray[np.bool_]) -> Rate:
    return rate(int((wrong & among).sum()), int(among.sum()))


def pairs_of(collection: Collection, others: Sequence[Collection], embedder: Remembered) -> Iterable[Pair]:
    """The pairs of one collection's queries; each query visits one of the other collections."""
    for index, query in enumerate(_chosen(collection)):
        vector = embedder.embed([query.text])[0]
        own = collection.search(query.text, vector, PASSAGES)
        other = others[index % len(others)].search(query.text, vector, PASSAGES) if others else []
        found = {
            "removed": collection.search(query.text, vector, PASSAGES, without=query),
            "elsewhere": other,
        }
        if any(query.answered_by(piece) for piece in own):
            found["answerable"] = own
        for kind, pieces in found.items():
            if pieces:
                yield Pair(collection.name, query.id, kind, signals_of(query, pieces, embedder))


def signals_of(query: Query, pieces: Sequence[Piece], embedder: Remembered) -> Signals:
    """What the offline model sees of a query and its passages."""
    shown = [Evidence(id=str(at), text=piece.text, title=(piece.title,)) for at, piece in enumerate(pieces)]
    passages = [units(evidence) for evidence in shown]
    question = Question.of(query.text)
    return signals(question, passages, rank(question, passages, embedder))


def _chosen(collection: Collection) -> list[Query]:
    return sorted(collection.queries, key=lambda query: hashlib.sha256(query.id.encode()).hexdigest())[
        :MAX_QUERIES
    ]


def report(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Fit on one half, measure on the other, and on each collection by a fit on the others."""
    fitted, held = [p for p in pairs if p.fits], [p for p in pairs if not p.fits]
    calibration = fit(fitted)
    names = sorted({pair.collection for pair in pairs})
    left_out = {
        name: measure(
            fit([p for p in pairs if p.collection != name]), [p for p in pairs if p.collection == name]
        )
        for name in names
    }
    return {
        **calibration.model_dump(),
        "promise": f"turns away at most {MOST_TURNED_AWAY:.0%} of the answerable pairs it was fitted on",
        "pairs": {"fitted": len(fitted), "held_out": len(held)},
        "held_out": measure(calibration, held),
        "by_collection": {
            name: measure(calibration, [p for p in held if p.collection == name]) for name in names
        },
        "collection_left_out": left_out,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report as JSON, with progress on stderr; `--write` replaces the shipped calibration."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.abstention", description=__doc__.split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with " + ", ".join(NAMES))
    parser.add_argument("--write", action="store_true", help=f"write {CALIBRATION.name}")
    parser.add_argument("--cache", type=Path, help="folder that keeps the vectors of the corpora")
    options = parser.parse_args(arguments)
    embedder = resolve()
    collections = [Collection(options.data / name, embedder, options.cache) for name in NAMES]
    remembered, pairs = Remembered(embedder), list[Pair]()
    for collection in collections:
        others = [other for other in collections if other is not collection]
        pairs += pairs_of(collection, others, remembered)
        sys.stderr.write(f"{collection.name}: {len(pairs)} pairs so far\n")
    result = {**report(pairs), "data": {collection.name: collection.digest() for collection in collections}}
    text = json.dumps(result, indent=2)
    if options.write:
        CALIBRATION.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
