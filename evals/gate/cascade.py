"""Puts an encoder behind the n-grams of an artefact, and chooses weights and a threshold for both together.

    python -m evals.gate.cascade --scores FILE [--folder FOLDER] [--grey SHARE] [--write]

The folder holds `encoder.onnx`. FILE has JSON lines `{label, source, ngrams, encoder}`: the probabilities of
both stages for texts that neither had seen. The shipped encoder was trained on all rows: such scores are of
one of the same recipe that some sources were left out of, and from n-grams without the same.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

from evals.gate.card import explained
from evals.gate.fitting import logistic
from evals.gate.metrics import Scores, auc, bootstrapped, calibration_error, recall_at, share, threshold_at
from evals.gate.train import SHIPPED
from models.gate import artefact
from models.gate.artefact import Artefact
from models.gate.card import CascadeCard, Figure
from models.gate.cascade import combined, log_odds
from models.gate.ngrams.arrays import Bools
from state.errors import UsageError

ENCODER = "encoder.onnx"
FALSE_ALARMS = 0.01
WINDOWS = 4
UNPROMISED = (
    "No rate is promised for both stages together: there are too few benign texts that the encoder had not "
    "seen ({benign}). The threshold is that of {rate:.0%} false alarms on these."
)


def fitted(category: str, bad: Bools, ngrams: Scores, encoder: Scores, grey: float) -> CascadeCard:
    """Weights by logistic regression, both classes weighing the same, and the grey zone's lower end."""
    features = np.stack([ngrams, encoder], axis=1).astype(np.float32)
    weights = np.where(bad, 0.5 / bad.mean(), 0.5 / (1 - bad.mean()))
    line = logistic(sparse.csr_array(features), bad, weights, 1.0)
    low = float(np.quantile(ngrams[~bad], 1 - grey))
    return CascadeCard(
        category=category,
        file=ENCODER,
        grey=(float(1 / (1 + np.exp(-low))), 1.0),
        windows=WINDOWS,
        ngrams=max(float(line.weights[0]), 0.0),
        encoder=max(float(line.weights[1]), 0.0),
        offset=line.bias,
        unasked=float(encoder[~bad & (ngrams < low)].mean()),
    )


def with_encoder(found: Artefact, scores: Sequence[dict[str, float]], grey: float) -> Artefact:
    """The artefact with its encoder on the card, and a threshold for both stages."""
    (category,) = found.card.heads
    bad = np.array([one["label"] == 1 for one in scores], dtype=bool)
    ngrams = np.array([log_odds(one["ngrams"]) for one in scores])
    encoder = np.array([log_odds(one["encoder"]) for one in scores])
    card = fitted(category, bad, ngrams, encoder, grey)
    asked = ngrams >= log_odds(card.grey[0])
    second = np.where(asked, encoder, card.unasked)
    both = np.array([combined(card, *pair) for pair in zip(ngrams, second, strict=True)])
    head = found.card.heads[category]
    error = round(calibration_error(both, bad), 4)
    changed = head.model_copy(
        update={
            "threshold": threshold_at(both[~bad], FALSE_ALARMS),
            "promise": None,
            "calibration": head.calibration.model_copy(update={"error": error}),
        }
    )
    said = UNPROMISED.format(benign=int((~bad).sum()), rate=FALSE_ALARMS)
    measured = {"n-grams alone": ngrams, "both stages": both}
    figures = {
        f"{name}: {figure}": value
        for name, each in measured.items()
        for figure, value in _figures(each[bad], each[~bad]).items()
    }
    figures["clean texts read by the encoder"] = Figure(value=round(float(asked[~bad].mean()), 4))
    update = {
        "cascade": card,
        "heads": {category: changed},
        "files": found.card.files | {ENCODER: "0" * 64},
        "limits": (*found.card.limits[:1], *found.card.limits[2:], said),
        "metrics": found.card.metrics
        | {f"{category}, {len(scores)} texts that neither stage had seen": figures},
    }
    return Artefact(found.folder, found.card.model_copy(update=update), found.arrays)


def _figures(attacks: Scores, benign: Scores) -> dict[str, Figure]:
    measures = {
        "auc": auc,
        "recall at 1 % false alarms": lambda bad, good: recall_at(bad, good, 0.01),
        "recall at 2 % false alarms": lambda bad, good: recall_at(bad, good, 0.02),
    }
    found = {}
    for name, measure in measures.items():
        value, low, high = bootstrapped(attacks, benign, measure)
        found[name] = Figure(value=round(value, 4), low=round(low, 4), high=round(high, 4))
    found["false alarms at 1 %"] = Figure(value=round(share(benign, threshold_at(benign, 0.01)), 4))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the card; `--write` replaces it."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.cascade", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--scores", type=Path, required=True, help="what both stages say of unseen texts")
    parser.add_argument("--folder", type=Path, default=SHIPPED / "result", help="the artefact")
    parser.add_argument("--grey", type=float, default=0.5, help="share of clean texts that the encoder reads")
    parser.add_argument("--write", action="store_true", help="write the card")
    options = parser.parse_args(arguments)
    try:
        lines = options.scores.read_text(encoding="utf-8").splitlines()
        made = with_encoder(artefact.read(options.folder), [json.loads(line) for line in lines], options.grey)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if options.write:
        artefact.write(options.folder, made.card, made.arrays, explained(made.card))
    sys.stdout.write(explained(made.card))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
