"""Puts an encoder behind the n-grams of an artefact, and chooses a threshold for both together.

    python -m evals.gate.cascade --data DIR [--folder FOLDER] [--grey SHARE] [--write]

The folder holds `encoder.onnx`. The benign rows of `dev` decide from which probability on the encoder is
asked, so that it is for this share of them, and where the threshold lies. The encoder may have been trained
on them: nothing is promised, and the threshold aims at half of the rate.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.gate.card import explained
from evals.gate.metrics import share, threshold_at
from evals.gate.rows import Row, read
from evals.gate.train import SHIPPED
from models.gate import artefact
from models.gate.artefact import Artefact
from models.gate.card import CascadeCard, Figure
from models.gate.cascade import Cascade
from models.gate.encoder.model import Encoder
from models.gate.ngrams.stored import model
from state.errors import UsageError

ENCODER = "encoder.onnx"
FALSE_ALARMS = 0.005
UNPROMISED = (
    "The encoder was trained on all rows, those of `dev` among them, so that no rate is promised for both "
    "stages together: the threshold quarantines {rate:.1%} of the clean texts of `dev`."
)


def with_encoder(found: Artefact, rows: Sequence[Row], grey: float) -> Artefact:
    """The artefact with its encoder on the card, and a threshold for both stages."""
    (category,) = found.card.heads
    ngrams = model(found)
    scores = [ngrams.scores(row.text)[category] for row in rows]
    bad = np.array([row.label == 1 for row in rows])
    first = np.array([one.probability for one in scores])
    low = float(np.quantile(first[~bad], 1 - grey))
    card = CascadeCard(category=category, file=ENCODER, grey=(low, 1.0), ngrams=0.5, encoder=0.5)
    cascade = Cascade(ngrams, card, Encoder(found.folder / ENCODER).score)
    both = np.array(
        [cascade.refined(row.text, one).probability for row, one in zip(rows, scores, strict=True)]
    )
    # Below the grey zone nobody asks the encoder, so that the threshold cannot lie there.
    chosen = max(threshold_at(both[~bad], FALSE_ALARMS), low)
    head = found.card.heads[category]
    alone = head.threshold
    figures = {
        "dev, n-grams alone: recall at the threshold": share(first[bad], alone),
        "dev, n-grams alone: false alarms": share(first[~bad], alone),
        "dev, both stages: recall at the threshold": share(both[bad], chosen),
        "dev, both stages: false alarms": share(both[~bad], chosen),
        "dev, both stages: clean texts read by the encoder": share(first[~bad], low),
    }
    measured = {name: Figure(value=round(value, 4)) for name, value in figures.items()}
    changed = found.card.model_copy(
        update={
            "cascade": card,
            "heads": {category: head.model_copy(update={"threshold": chosen, "promise": None})},
            "files": found.card.files | {ENCODER: "0" * 64},
            "limits": (*found.card.limits, UNPROMISED.format(rate=FALSE_ALARMS)),
            "metrics": found.card.metrics | {f"{category}, with the encoder": measured},
        }
    )
    return Artefact(found.folder, changed, found.arrays)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the card, with progress on stderr; `--write` replaces it."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.cascade", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the public rows")
    parser.add_argument("--folder", type=Path, default=SHIPPED / "result", help="the artefact")
    parser.add_argument("--grey", type=float, default=0.5, help="share of clean texts that the encoder reads")
    parser.add_argument("--write", action="store_true", help="write the card")
    options = parser.parse_args(arguments)
    try:
        rows = [row for row in read(options.data / "dev.jsonl.gz") if row.surface == "tool"]
        made = with_encoder(artefact.read(options.folder), rows, options.grey)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if options.write:
        artefact.write(options.folder, made.card, made.arrays, explained(made.card))
    sys.stdout.write(explained(made.card))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
