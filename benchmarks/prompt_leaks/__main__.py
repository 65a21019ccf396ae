"""How well the classifier `leak` tells leaks of instructions from answers.

    python -m benchmarks.prompt_leaks

Nine applications, each with leaks that are made by rule and with answers. Every application is scored with
weights that were fitted on the others, at one threshold; `shipped` are the weights of `models/gate/leak.py`.
`exact` says that a text leaks if a sentence of 30 characters or more stands in it as it is.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.prompt_leaks.texts import PARAPHRASE, Application, Text, applications, texts
from models.gate.leak import THRESHOLD, WEIGHTS, Instructions, Shares, words
from models.gate.views.reading import views
from models.text import sentences

ROUNDS = 6
EXACT = 30
L2 = 0.02
Weights = Sequence[float]


class Row(NamedTuple):
    """A text with its windows."""

    text: Text
    shares: Shares


def _rows(of: Application, everyone: list[Application]) -> list[Row]:
    instructions = Instructions(list(of.instructions.values()))
    rows = []
    for text in texts(of, everyone):
        told = [words(view.text) for view in views(text.text)]
        found = [instructions.shares(one) for one in told if one.stems]
        rows.append(Row(text, Shares(*(np.concatenate(shares) for shares in zip(*found, strict=True)))))
    return rows


def _fitted(rows: list[Row]) -> Weights:
    """Logistic regression over the most telling window of each text, which the weights choose anew.

    Paraphrases are left out: words that the instructions do not hold tell nothing.
    """
    weights: Weights = WEIGHTS
    rows = [row for row in rows if row.text.kind != PARAPHRASE]
    leak = np.array([row.text.leak for row in rows], dtype=np.float64)
    for _ in range(ROUNDS):
        best = np.array([_best(row.shares, weights) for row in rows])

        def loss(given: NDArray[np.float64], best: NDArray[np.float64] = best) -> float:
            logits = given[0] + best @ given[1:]
            return float(np.mean(np.logaddexp(0, logits) - leak * logits) + L2 / len(rows) * given @ given)

        # None of the shares speaks against a leak.
        bounds = [(None, None)] + [(0, None)] * 3
        weights = tuple(minimize(loss, np.array(weights), bounds=bounds).x)
    return weights


def _best(shares: Shares, weights: Weights) -> list[float]:
    at = int(np.argmax(shares.scores(weights)))
    return [float(share[at]) for share in shares]


def _exact(row: Row, of: Application) -> bool:
    told = (one[start:end] for one in of.instructions.values() for start, end in sentences(one))
    return any(len(sentence) >= EXACT and sentence in row.text.text for sentence in told)


def _summary(said: list[tuple[Text, bool]]) -> dict[str, Any]:
    right = sum(text.leak and alarm for text, alarm in said)
    alarms = sum(alarm for _, alarm in said)
    positives = sum(text.leak for text, _ in said)
    return {
        "recall": round(right / positives, 3),
        "precision": round(right / alarms, 3) if alarms else None,
        "false alarms": f"{alarms - right} of {len(said) - positives}",
    }


def _by_kind(said: list[tuple[Text, bool]]) -> dict[str, str]:
    kinds: dict[str, list[bool]] = defaultdict(list)
    for text, alarm in said:
        kinds[text.kind].append(alarm)
    return {kind: f"{sum(alarms)} of {len(alarms)}" for kind, alarms in kinds.items()}


def measure() -> dict[str, Any]:
    """Alarms of each way to tell, over all applications."""
    everyone = applications()
    rows = {of.name: _rows(of, everyone) for of in everyone}
    said: dict[str, list[tuple[Text, bool]]] = {"fitted on others": [], "shipped": [], "exact": []}
    for of in everyone:
        others = [row for name, found in rows.items() if name != of.name for row in found]
        weights = _fitted(others)
        for row in rows[of.name]:
            fitted, shipped = (bool(row.shares.scores(w).max() >= THRESHOLD) for w in (weights, WEIGHTS))
            said["fitted on others"].append((row.text, fitted))
            said["shipped"].append((row.text, shipped))
            said["exact"].append((row.text, _exact(row, of)))
    return {
        "weights of all": [
            round(weight, 2) for weight in _fitted([row for one in rows.values() for row in one])
        ],
        "threshold": THRESHOLD,
        **{way: _summary(one) for way, one in said.items()},
        "alarms by kind": _by_kind(said["fitted on others"]),
        "calibration": _calibration([row for one in rows.values() for row in one]),
    }


def _calibration(rows: list[Row]) -> dict[str, str]:
    """Of the texts with a shipped score in a range, the share that is a leak."""
    scores = np.array([row.shares.scores(WEIGHTS).max() for row in rows])
    leak = np.array([row.text.leak for row in rows])
    shown = {}
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (scores >= low) & (scores < low + 0.2 + 1e-9)
        shown[f"{low:.1f}–{low + 0.2:.1f}"] = (
            f"{leak[inside].mean() if inside.any() else 0:.2f} of {inside.sum()}"
        )
    return shown


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    print(json.dumps(measure(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
