"""How well the faithfulness scorer agrees with people, on claims with human labels.

    python -m benchmarks.faithfulness DIR --json

DIR holds `begin`, `scifact_claims` and `wice` as `.jsonl.gz`: `{id, context, response, supported}`. The
scorer's threshold was chosen on these very files, so the figures flatter it a little.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from evals.judges.agreement import kappa_estimate, rate
from evals.judges.item import Labelled, read_labels
from evals.judges.rubric import load
from evals.scorers.faithfulness import LEAST_OVERLAP, supported
from evals.statistics.kappa import Table

NAMES = ("begin", "scifact_claims", "wice")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rubric = load("faithful")
    found = {name: measured(read_labels(options.data / f"{name}.jsonl.gz", rubric)) for name in NAMES}
    if options.json:
        print(json.dumps({"least_overlap": LEAST_OVERLAP, "data": found}))
        return
    for name, one in found.items():
        print(
            f"{name:<16} n={one['n']:<5} balanced accuracy {one['balanced_accuracy']:.3f}  "
            f"kappa {one['kappa']['value']:.3f} ({one['kappa']['low']:.3f} to {one['kappa']['high']:.3f})  "
            f"{one['ms_each']:.2f} ms each"
        )


def measured(labelled: list[Labelled]) -> dict[str, Any]:
    begun = time.perf_counter()
    said = [supported(str(one.item.answer), _texts(one)) for one in labelled]
    seconds = time.perf_counter() - begun
    pairs = [(one.good, says) for one, says in zip(labelled, said, strict=True)]
    counts = (pairs.count((good, says)) for good in (True, False) for says in (True, False))
    table = Table(*counts)
    tpr, tnr = rate(table.true_good, table.good), rate(table.true_bad, table.bad)
    return {
        "n": len(labelled),
        "balanced_accuracy": ((tpr.value or 0) + (tnr.value or 0)) / 2,
        "kappa": kappa_estimate(table).model_dump(),
        "tpr": tpr.model_dump(),
        "tnr": tnr.model_dump(),
        "ms_each": 1_000 * seconds / len(labelled),
    }


def _texts(one: Labelled) -> list[str]:
    evidence = one.item.evidence
    return [str(text) for text in evidence] if isinstance(evidence, list) else [str(evidence)]


if __name__ == "__main__":
    main()
