"""Simulated judges: how often the corrected interval covers the true rate.

    python -m benchmarks.simulated_judges --json

Each cell of the grid is a judge of known TPR and TNR, calibrated on so many good and bad items and then used
on so many others, as often as `--repeats` says. Nominal coverage is 95 %. With 20,000 repeats a cell's
coverage has a standard error of 0.15 points, that of kappa's fewer ones 0.5.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from evals.judges.agreement import kappa_estimate
from evals.judges.correction import Sampled, interval
from evals.statistics.kappa import Table

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ABILITIES = (0.75, 0.8, 0.85, 0.9, 0.95)
CALIBRATIONS = (50, 100, 200)
"""Items of each class."""
TESTS = (100, 400)
LOW, HIGH = 0.93, 0.97


class Cell(NamedTuple):
    """One simulated judge and its use."""

    rate: float
    tpr: float
    tnr: float
    calibration: int
    test: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begun = time.perf_counter()
    random = np.random.default_rng(options.seed)
    cells = [Cell(*cell) for cell in product(RATES, ABILITIES, ABILITIES, CALIBRATIONS, TESTS)]
    found = {
        "corrected": summary({cell: coverage(cell, options.repeats, random) for cell in cells}),
        "uncorrected": summary({cell: uncorrected(cell, options.repeats, random) for cell in cells}),
        "kappa": summary(dict(kappas(options.repeats // 10, random))),
        "repeats": options.repeats,
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if options.json:
        print(json.dumps(found))
        return
    for name in ("corrected", "uncorrected", "kappa"):
        one = found[name]
        print(
            f"{name:<12} {one['within']} of {one['cells']} cells within {LOW:.0%} to {HIGH:.0%}; "
            f"min {one['min']:.4f}, median {one['median']:.4f}, max {one['max']:.4f}"
        )
        for outside in one["outside"][:5] if name == "corrected" else []:
            print(f"  outside: {outside}")


def coverage(cell: Cell, repeats: int, random: np.random.Generator) -> float:
    """Share of experiments whose interval holds the true rate."""
    good = random.binomial(cell.test, _apparent(cell), repeats)
    right_on_good = random.binomial(cell.calibration, cell.tpr, repeats)
    right_on_bad = random.binomial(cell.calibration, cell.tnr, repeats)
    sampled = Sampled(good, cell.test, right_on_good, cell.calibration, right_on_bad, cell.calibration)
    low, high = interval(sampled)
    return float(np.mean((low <= cell.rate) & (cell.rate <= high)))


def uncorrected(cell: Cell, repeats: int, random: np.random.Generator) -> float:
    """The same for who takes the judge at its word: Wilson's interval of the apparent rate."""
    z = 1.959964
    share = random.binomial(cell.test, _apparent(cell), repeats) / cell.test
    scale = 1 + z * z / cell.test
    middle = (share + z * z / (2 * cell.test)) / scale
    reach = z * np.sqrt(share * (1 - share) / cell.test + (z / (2 * cell.test)) ** 2) / scale
    return float(np.mean(np.abs(middle - cell.rate) <= reach))


def kappas(repeats: int, random: np.random.Generator) -> Iterator[tuple[Cell, float]]:
    """Coverage of kappa's interval, over a thinner grid since each interval is 2,000 draws."""
    for rate, ability, size in product((0.3, 0.5), (0.8, 0.95), (50, 200)):
        shares = [rate * ability, rate * (1 - ability), (1 - rate) * (1 - ability), (1 - rate) * ability]
        chance = rate * _apparent(Cell(rate, ability, ability, size, 0))
        chance += (1 - rate) * (1 - chance / rate)
        truth = (ability - chance) / (1 - chance)
        tables = (Table(*map(int, counts)) for counts in random.multinomial(size, shares, repeats))
        estimates = [kappa_estimate(table, draws=2_000) for table in tables]
        hits = [e.low is not None and e.high is not None and e.low <= truth <= e.high for e in estimates]
        yield Cell(rate, ability, ability, size, 0), sum(hits) / len(hits)


def summary(found: dict[Cell, float]) -> dict[str, Any]:
    shares = list(found.values())
    outside = {cell: share for cell, share in found.items() if not LOW <= share <= HIGH}
    return {
        "cells": len(found),
        "within": len(found) - len(outside),
        "min": min(shares),
        "median": statistics.median(shares),
        "max": max(shares),
        "outside": [{**cell._asdict(), "coverage": share} for cell, share in outside.items()][:50],
    }


def _apparent(cell: Cell) -> float:
    return cell.rate * cell.tpr + (1 - cell.rate) * (1 - cell.tnr)


if __name__ == "__main__":
    main()
