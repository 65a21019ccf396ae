"""Tunes the ranking on test collections and measures it.

    python -m evals.ranking --data DIR [--cache FOLDER] [--write]

DIR has a folder for each collection, with `corpus.jsonl.gz`, `queries.jsonl.gz` and `qrels.tsv`. To tune on
data of your own, put a folder of the same form there and name it with --collection.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.ranking import table
from evals.ranking.card import Report, card
from evals.ranking.fitting import crossed, fit
from evals.ranking.judged import FOLDS, NAMES, Collection, Judged
from evals.ranking.relevance import Reliability, Seen, calibrate, cost, reliability, seen
from evals.ranking.relevance import crossed as crossed_relevance
from models.embeddings.names import DEFAULT, resolve
from tools.index.ranking.scale import Floats
from tools.index.ranking.weights import CARD, SHIPPED, Linear, Weights
from tools.index.ranking.weights import NAMES as FEATURES

BESIDE = 0.3
"""Of 0.2, 0.3 and 0.4 the one by which documents and spans together are found best."""
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


def report(collections: Sequence[Collection]) -> Report:
    """Fit and measure everything."""
    own, elsewhere = _queries(collections)
    weights = np.round(fit(own, BESIDE), 4)
    by_fold = crossed(own, BESIDE)
    sys.stderr.write("fitted; ablations follow\n")
    rows = [
        *table.baselines(own),
        table.measured("ranking as shipped", own, table.by(weights, BESIDE)),
        table.measured("ranking, cross-validated", own, table.by_fold(by_fold, BESIDE)),
        *([table.left_out(own, BESIDE)] if len(collections) > 1 else []),
        *table.ablations(own, BESIDE),
    ]
    shipped = _seen(own, elsewhere, [weights] * FOLDS)
    tried = _seen(own, elsewhere, by_fold)
    likely = crossed_relevance(tried, FOLDS)
    return Report(
        weights=Weights(
            features=Linear(**dict(zip(FEATURES, weights.tolist(), strict=True))),
            beside=BESIDE,
            relevance=calibrate(shipped),
        ),
        rows=rows,
        own=_reliability(tried, likely, elsewhere=False),
        every=_reliability(tried, likely, elsewhere=True),
        costs=[cost(tried, likely, threshold) for threshold in THRESHOLDS],
        data={collection.name: collection.digest() for collection in collections},
    )


def _queries(collections: Sequence[Collection]) -> tuple[list[Judged], list[Judged | None]]:
    own: list[Judged] = []
    elsewhere: list[Judged | None] = []
    for collection in collections:
        others = [other for other in collections if other is not collection]
        for judged, other in collection.judged(others):
            own.append(judged)
            elsewhere.append(other)
        sys.stderr.write(f"{collection.name}: {len(own)} queries so far\n")
    return own, elsewhere


def _seen(own: Sequence[Judged], elsewhere: Sequence[Judged | None], weights: Sequence[Floats]) -> list[Seen]:
    found: list[Seen] = []
    for one, other in zip(own, elsewhere, strict=True):
        for judged in (one, other):
            if judged is not None and len(judged.values):
                scores = judged.mixed(BESIDE) @ weights[one.fold]
                found.append(seen(judged, one.collection, one.fold, judged is other, scores))
    return found


def _reliability(queries: Sequence[Seen], likely: Sequence[Floats], elsewhere: bool) -> Reliability:
    chosen = [place for place, one in enumerate(queries) if elsewhere or not one.elsewhere]
    return reliability(
        np.concatenate([likely[place] for place in chosen]),
        np.concatenate([queries[place].relevant for place in chosen]),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the card, with progress on stderr; `--write` replaces the shipped weights and their card."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.ranking", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the collections")
    parser.add_argument(
        "--collection", action="append", help=f"its name; may be repeated (default: {', '.join(NAMES)})"
    )
    parser.add_argument("--embedding", default=DEFAULT, help="model that the index uses")
    parser.add_argument("--cache", type=Path, help="folder that keeps the vectors of the corpora")
    parser.add_argument("--write", action="store_true", help=f"write {SHIPPED.name} and {CARD.name}")
    options = parser.parse_args(arguments)
    embedder = resolve(options.embedding)
    names = options.collection or NAMES
    result = report([Collection(options.data / name, embedder, options.cache) for name in names])
    if options.write:
        text = json.dumps(result.weights.model_dump(), indent=2)
        SHIPPED.write_text(text + "\n", encoding="utf-8")
        CARD.write_text(card(result), encoding="utf-8")
    sys.stdout.write(card(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
