"""The figures of the classifier: AUC against simpler scores, calibration, and what abstaining costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.abstention import auc
from evals.statistics.intervals import wilson
from evals.support.data import Examples
from evals.support.fitting import (
    Floats,
    Linear,
    checked_thresholds,
    crossed,
    fit,
    fold_of,
    left_out,
    platt,
    probability,
    thresholds,
)
from models.faithfulness.classifier import Classifier

RESAMPLES = 500
BINS = 10
OVERLAP, SIMILARITY = "cover_all", "cosine"


def report(sets: Sequence[Examples]) -> dict[str, Any]:
    """Fit, and measure on what was not fitted: `kinds` is what is shipped, `sets` the figures."""
    inside, outside, fitted = crossed(sets), left_out(sets), fit(sets)
    scaled = {one.name: _cross_platt(inside[one.name], one) for one in sets}
    kinds = {one.kind: _kind(fitted[one.kind], inside[one.name], one.y, one.columns) for one in sets}
    logits = np.concatenate([outside[one.name] for one in sets])
    labels = np.concatenate([one.y for one in sets])
    weight = np.concatenate([np.full(len(one.y), len(labels) / len(sets) / len(one.y)) for one in sets])
    kinds["default"] = _kind(fitted["default"], logits, labels, sets[0].columns, weight)
    return {
        "kinds": kinds,
        "sets": {
            one.name: {
                **_measured(one, inside[one.name], outside[one.name], scaled[one.name]),
                "default": _foreign(one, [other for other in sets if other is not one], outside),
            }
            for one in sets
        },
    }


def shipped(sets: Sequence[Examples], classifier: Classifier) -> dict[str, Any]:
    """The figures of a classifier as it is, on data that it may not have seen."""
    found = {}
    for one in sets:
        rows = [dict(zip(one.columns, row, strict=True)) for row in one.x.tolist()]
        of = {}
        for name in (one.kind, "default"):
            kind = classifier.kind(name)
            scores = np.array([kind.score(row) for row in rows])
            verdicts = _verdicts(scores, kind.lower, kind.upper)
            of[name] = {
                "auc": interval(scores, one),
                "ece": ece(scores, one.y),
                **_abstaining(verdicts, one.y),
            }
        found[one.name] = {"n": len(one.y), **of, **_simple(one)}
    return found


def _kind(
    linear: Linear, held: Floats, y: NDArray[np.bool_], columns: Sequence[str], weight: Floats | None = None
) -> dict[str, Any]:
    slope, shift = platt(held, y, weight)
    lower, upper = thresholds(probability(held * slope + shift), y)
    final = linear.rescaled(slope, shift)
    return {
        "weights": {name: round(float(w), 5) for name, w in zip(columns, final.weights, strict=True)},
        "bias": round(final.bias, 5),
        "lower": round(lower, 4),
        "upper": round(upper, 4),
    }


def _cross_platt(logits: Floats, one: Examples) -> Floats:
    """Probabilities, each calibrated on the other folds."""
    folds, found = fold_of(one.groups), np.empty(len(logits))
    for fold in np.unique(folds):
        slope, shift = platt(logits[folds != fold], one.y[folds != fold])
        found[folds == fold] = probability(logits[folds == fold] * slope + shift)
    return found


def _measured(one: Examples, inside: Floats, outside: Floats, scaled: Floats) -> dict[str, Any]:
    verdicts = checked_thresholds(scaled, one.y, fold_of(one.groups), thresholds)
    return {
        "kind": one.kind,
        "n": len(one.y),
        "supported": int(one.y.sum()),
        "digest": one.digest,
        "auc": interval(inside, one),
        "auc_left_out": interval(outside, one),
        **_simple(one),
        "ece": ece(scaled, one.y),
        **_abstaining(verdicts, one.y),
    }


def _foreign(one: Examples, others: Sequence[Examples], outside: Mapping[str, Floats]) -> dict[str, Any]:
    """What `default` does on a set that nothing was fitted, calibrated or chosen on."""
    held = np.concatenate([outside[other.name] for other in others])
    y = np.concatenate([other.y for other in others])
    slope, shift = platt(held, y)
    lower, upper = thresholds(probability(held * slope + shift), y)
    scores = probability(outside[one.name] * slope + shift)
    return {"ece": ece(scores, one.y), **_abstaining(_verdicts(scores, lower, upper), one.y)}


def _simple(one: Examples) -> dict[str, Any]:
    """What simpler scores reach on the same examples."""
    single = {name: abs(auc(one.column(name), one.y) - 0.5) + 0.5 for name in one.columns}
    best = max(single, key=single.__getitem__)
    strange = one.column("numbers_strange") > 0
    return {
        "auc_overlap": interval(one.column(OVERLAP), one),
        "auc_similarity": interval(one.column(SIMILARITY), one),
        "auc_best_feature": {"name": best, "value": round(single[best], 4)},
        "strange_number_unsupported": share(~one.y[strange]),
        "strange_name_unsupported": share(~one.y[one.column("names_strange") > 0]),
    }


def interval(scores: Floats, one: Examples) -> dict[str, float]:
    """AUC with its 95 % percentile interval, resampling groups of examples."""
    rng = np.random.default_rng(0)
    order = np.argsort(one.groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(one.groups[order])) + 1)
    found = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        found.append(auc(scores[rows], one.y[rows]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return {"value": round(auc(scores, one.y), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def ece(scores: Floats, y: NDArray[np.bool_]) -> float:
    """Expected calibration error over bins of equal size."""
    bins = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return round(float(sum(abs(scores[b].mean() - y[b].mean()) * len(b) for b in bins if len(b)) / len(y)), 4)


def share(good: NDArray[np.bool_]) -> dict[str, Any]:
    """A share with its 95 % Wilson interval; the value is None where there is nothing."""
    low, high = wilson(int(good.sum()), len(good))
    value = round(float(good.mean()), 4) if len(good) else None
    return {"value": value, "low": round(low, 4), "high": round(high, 4), "n": len(good)}


def _verdicts(scores: Floats, lower: float, upper: float) -> NDArray[np.int64]:
    return np.where(scores >= upper, 1, np.where(scores <= lower, 0, -1))


def _abstaining(verdicts: NDArray[np.int64], y: NDArray[np.bool_]) -> dict[str, Any]:
    decided = verdicts >= 0
    return {
        "unsure": share(~decided),
        "error": share((verdicts == 1)[decided] != y[decided]),
        "supported_right": share(y[verdicts == 1]),
        "unsupported_right": share(~y[verdicts == 0]),
    }
