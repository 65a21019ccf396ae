"""Agreement of a judge with people: Cohen's kappa, TPR, TNR, and how sure each is."""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.stats import beta

from evals.statistics.kappa import Table, kappa

LEVEL = 0.95
DRAWS = 100_000
SEED = 20_260_401
"""Fixed, so that equal counts give equal intervals."""


class Estimate(BaseModel):
    """A value with its interval; None where there is nothing to estimate it from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = Field(ge=0)


def rate(hits: int, n: int, level: float = LEVEL) -> Estimate:
    """A rate with the exact interval of Clopper and Pearson (1934), which never covers too little."""
    if n == 0:
        return Estimate(value=None, n=0)
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return Estimate(value=hits / n, low=low, high=high, n=n)


def kappa_estimate(table: Table, level: float = LEVEL, draws: int = DRAWS) -> Estimate:
    """Kappa with the equal-tailed interval of its posterior under Jeffreys' prior.

    The usual normal interval has no width for a judge without errors, and would let ten labels prove
    it perfect; this one has.
    """
    n, value = sum(table), kappa(table)
    if value is None:
        return Estimate(value=None, n=n)
    shares = np.random.default_rng(SEED).dirichlet(np.array(table) + 0.5, draws)
    a, b, c, d = shares.T
    by_chance = (a + b) * (a + c) + (c + d) * (b + d)
    tail = (1 - level) / 2
    low, high = np.quantile((a + d - by_chance) / (1 - by_chance), [tail, 1 - tail])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), n=n)
