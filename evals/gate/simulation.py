"""In how many draws of benign texts a promised false-alarm rate holds, next to plain conformal prediction.

    python -m evals.gate.simulation [--draws N] [--traces N] [--false-alarms SHARE] [--confidence SHARE]

Each draw takes that many benign scores, chooses a threshold, and compares the true rate from it on with the
target. The scores are drawn from distributions whose true rate is known exactly: one without ties, one with
many.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.gate.promise import held, needed, threshold
from state.errors import UsageError

Scores: TypeAlias = NDArray[np.float64]

STEPS = 2000
"""Distinct scores of the distribution with ties."""


@dataclass(frozen=True)
class Outcome:
    """How a way to choose thresholds fared on one distribution."""

    method: str
    scores: str
    draws: int
    held: int
    mean: float
    """Mean true rate."""
    worst: float
    """Highest true rate of all draws."""

    @property
    def share(self) -> float:
        """Share of the draws in which the rate was kept."""
        return self.held / self.draws


def conformal(scores: Scores, false_alarms: float) -> float:
    """Threshold of split conformal prediction: it keeps the rate on average, not in most draws."""
    place = min(math.ceil((len(scores) + 1) * (1 - false_alarms)), len(scores))
    return float(np.nextafter(np.sort(scores)[place - 1], 2.0))


def simulated(
    draws: int, traces: int, false_alarms: float, confidence: float, seed: int = 7
) -> list[Outcome]:
    """All methods on all distributions.

    Raises:
        UsageError: too few traces for the promise.
    """
    methods: dict[str, Callable[[Scores], float]] = {
        "order statistic": lambda scores: threshold(scores, false_alarms, confidence),
        "plain conformal": lambda scores: conformal(scores, false_alarms),
    }
    outcomes = []
    for kind, steps in (("without ties", None), (f"{STEPS} distinct", STEPS)):
        random = np.random.default_rng(seed)
        rates = {method: np.empty(draws) for method in methods}
        for draw in range(draws):
            scores = _drawn(random, traces, steps)
            for method, choose in methods.items():
                rates[method][draw] = _rate(choose(scores), steps)
        for method, found in rates.items():
            held = int((found <= false_alarms).sum())
            outcomes.append(Outcome(method, kind, draws, held, float(found.mean()), float(found.max())))
    return outcomes


def _drawn(random: np.random.Generator, count: int, steps: int | None) -> Scores:
    """Scores below 1; what a threshold does depends on their order and ties only."""
    if steps is None:
        return random.random(count)
    return random.integers(0, steps, count) / steps


def _rate(chosen: float, steps: int | None) -> float:
    """Share of all benign texts with at least this score."""
    if steps is None:
        return 1.0 - chosen
    return (steps - math.ceil(chosen * steps)) / steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how often the promise held."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.simulation", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--draws", type=int, default=200_000)
    parser.add_argument("--traces", type=int, default=300, help="benign texts in a draw")
    parser.add_argument("--false-alarms", type=float, default=0.01)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    try:
        outcomes = simulated(options.draws, options.traces, options.false_alarms, options.confidence)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if options.json:
        sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes], indent=2) + "\n")
        return 0
    wanted = (options.false_alarms, options.confidence)
    sys.stdout.write(
        f"{options.false_alarms:.1%} false alarms at {options.confidence:.0%} confidence, "
        f"{options.traces} benign texts ({needed(*wanted)} needed), {options.draws} draws;\n"
        f"by the binomial distribution the promise holds in {held(options.traces, *wanted):.2%}\n"
        f"{'method':<18}{'scores':<16}{'held':>10}{'mean rate':>12}{'worst rate':>12}\n"
    )
    for one in outcomes:
        sys.stdout.write(
            f"{one.method:<18}{one.scores:<16}{one.share:>10.2%}{one.mean:>12.3%}{one.worst:>12.3%}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
