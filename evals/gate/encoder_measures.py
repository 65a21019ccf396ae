"""How well an encoder tells attacked texts of unseen sources from clean ones, and its calibration."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from evals.gate.rows import Row

Doubles: TypeAlias = NDArray[np.float64]
RATES = (0.005, 0.01, 0.02)


def auc(attacked: Doubles, clean: Doubles) -> float:
    """Chance that an attacked text scores above a clean one."""
    ranks = rankdata(np.concatenate([attacked, clean]))[: len(attacked)]
    return float((ranks.sum() / len(attacked) - (len(attacked) + 1) / 2) / len(clean))


def recall(attacked: Doubles, clean: Doubles, rate: float) -> float:
    """Share of attacked texts above the threshold that at most `rate` of the clean ones pass."""
    allowed = int(rate * len(clean))
    threshold = np.sort(clean)[::-1][allowed]
    return float((attacked > threshold).mean())


def measured(rows: Sequence[Row], scores: Doubles) -> dict[str, Any]:
    """Each attacked source against all clean texts, and all of them together."""
    labels = np.array([row.label for row in rows])
    sources = np.array([row.source for row in rows])
    clean = scores[labels == 0]
    found = {
        source: _against(scores[(labels == 1) & (sources == source)], clean)
        for source in sorted(set(sources[labels == 1]))
    }
    return {"all": _against(scores[labels == 1], clean), **found}


def _against(attacked: Doubles, clean: Doubles) -> dict[str, Any]:
    recalls = {f"recall at {rate:.1%}": round(recall(attacked, clean, rate), 3) for rate in RATES}
    return {
        "attacked": len(attacked),
        "clean": len(clean),
        "auc": round(auc(attacked, clean), 4),
        **recalls,
    }


def calibrated(labels: NDArray[np.int64], odds: Doubles) -> tuple[float, float]:
    """Slope and offset of calibrated log-odds (Platt 1999), both classes weighing the same."""
    share = labels.mean()
    weights = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)) / len(labels)
    signs = 2 * labels - 1

    def loss(point: Doubles) -> float:
        return float(weights @ np.logaddexp(0, -signs * (point[0] * odds + point[1])))

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)
