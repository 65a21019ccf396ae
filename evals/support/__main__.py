"""Fits and measures the faithfulness classifier.

    python -m evals.support --data DIR [--write] [--shipped] [--cache DIR] [--json]

DIR holds `begin`, `scifact_claims` and `wice` as `.jsonl.gz`. Figures are of examples that were not
fitted: five folds in which no context and no claim is shared, and each set by a fit on the others.
`--shipped` fits nothing and measures the classifier that is shipped. `--write` replaces it, and the
table of its card.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.support.data import KINDS, read
from evals.support.report import report, shipped
from models.embeddings.names import resolve
from models.faithfulness.classifier import ARTEFACT, classifier
from models.faithfulness.features import Encoder
from models.offline.vectors import Remembered

CARD = ARTEFACT.with_name("CARD.md")
MARK = "<!-- figures: written by python -m evals.support --write -->"


def main(arguments: Sequence[str] | None = None, encoder: Encoder | None = None) -> int:
    """Print the table, or the report as JSON; progress goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m evals.support", description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with " + ", ".join(KINDS))
    parser.add_argument("--cache", type=Path, help="folder that keeps the features")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--shipped", action="store_true", help="measure the shipped classifier, fit nothing")
    parser.add_argument("--write", action="store_true", help=f"write {ARTEFACT.name} and the card's table")
    options = parser.parse_args(arguments)
    encoder = encoder or Remembered(resolve())
    sets = []
    for name in KINDS:
        sets.append(read(options.data, name, encoder, options.cache))
        sys.stderr.write(f"{name}: {len(sets[-1].y)} claims\n")
    if options.shipped:
        sys.stdout.write(json.dumps(shipped(sets, classifier()), indent=2) + "\n")
        return 0
    found = report(sets)
    if options.write:
        ARTEFACT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        card = CARD.read_text(encoding="utf-8").split(MARK)
        CARD.write_text(f"{card[0]}{MARK}\n\n{table(found)}\n{MARK}{card[2]}", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if options.json else table(found))
    return 0


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table, a column for each data set."""
    sets = found["sets"]
    rows = [
        ("claims (supported)", [f"{one['n']} ({one['supported']})" for one in sets.values()]),
        ("**AUC, crossed**", [_figure(one["auc"]) for one in sets.values()]),
        ("AUC, fitted on the other sets", [_figure(one["auc_left_out"]) for one in sets.values()]),
        ("AUC, lexical overlap alone", [_figure(one["auc_overlap"]) for one in sets.values()]),
        ("AUC, embedding similarity alone", [_figure(one["auc_similarity"]) for one in sets.values()]),
        (
            "AUC, best single feature, chosen here",
            [
                f"{_short(b['value'])} `{b['name']}`"
                for b in (one["auc_best_feature"] for one in sets.values())
            ],
        ),
        ("calibration error (ECE)", [_short(one["ece"]) for one in sets.values()]),
        ("unsure", [_figure(one["unsure"]) for one in sets.values()]),
        ("wrong outside the middle", [_figure(one["error"]) for one in sets.values()]),
        ("called supported: right", [_figure(one["supported_right"]) for one in sets.values()]),
        ("called unsupported: right", [_figure(one["unsupported_right"]) for one in sets.values()]),
        ("`default` on a set it did not see: ECE", [_short(o["default"]["ece"]) for o in sets.values()]),
        ("… unsure", [_figure(one["default"]["unsure"]) for one in sets.values()]),
        ("… called supported: right", [_figure(o["default"]["supported_right"]) for o in sets.values()]),
        ("… called unsupported: right", [_figure(o["default"]["unsupported_right"]) for o in sets.values()]),
        ("strange number: unsupported", [_figure(o["strange_number_unsupported"]) for o in sets.values()]),
        ("strange name: unsupported", [_figure(o["strange_name_unsupported"]) for o in sets.values()]),
    ]
    head = ["| | " + " | ".join(sets) + " |", "|---|" + "---|" * len(sets)]
    return "\n".join([*head, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)]) + "\n"


def _figure(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "–"
    count = f", n={one['n']}" if "n" in one else ""
    return f"{_short(one['value'])} ({_short(one['low'])}–{_short(one['high'])}{count})"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


if __name__ == "__main__":
    raise SystemExit(main())
