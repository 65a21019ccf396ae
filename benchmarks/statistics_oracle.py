"""Our statistics beside an oracle's: values of scipy, statsmodels and scikit-learn for a matrix of trials.

    python -m benchmarks.statistics_oracle FILE [--json]

Exact values have to agree to 1e-9. A bootstrap of 20,000 resamples is random: its standard error has to
agree to 2 %, and the ends of an interval to 0.01, two steps of a mean over 200 trials. The oracle's
detectable differences are made with rounded quantiles, 1.96 + 0.842: they agree to 1e-9 with those, and to
2e-4 of themselves with ours, which have all their digits. Ends with 1 if a value does not agree.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evals.statistics.intervals import bootstrap, bootstrap_values, clustered, wilson
from evals.statistics.paired import mcnemar
from evals.statistics.power import Plan, detectable, planned_se, within_variance
from evals.statistics.repeats import over_cases, pass_at, pass_hat

EXACT = 1e-9
INTERVAL = 0.01
RELATIVE = 0.02
ROUNDED_REACH = 1.96 + 0.842
"""The oracle's normal quantiles; ours have all their digits."""


class Check(NamedTuple):
    """One value of ours beside the oracle's."""

    name: str
    ours: float
    oracle: float
    tolerance: float

    @property
    def difference(self) -> float:
        """Without its sign."""
        return abs(self.ours - self.oracle)

    @property
    def agrees(self) -> bool:
        """Whether it is within the tolerance."""
        return self.difference <= self.tolerance


def checks(oracle: dict[str, Any]) -> Iterator[Check]:
    """Every value."""
    matrix: list[list[int]] = oracle["matrix"]
    yield from _repeats(matrix, oracle)
    yield from _errors(matrix, oracle)
    yield from _tests(matrix, oracle)
    yield from _power(matrix, oracle)


def _repeats(matrix: list[list[int]], oracle: dict[str, Any]) -> Iterator[Check]:
    for measure, name in ((pass_hat, "pass_hat_k"), (pass_at, "pass_at_k")):
        for k in map(int, oracle[name]):
            ours = over_cases(measure(sum(case), len(case), k) for case in matrix).mean
            yield Check(f"{name} {k}", _defined(ours), oracle[name][str(k)], EXACT)
    for k, interval in oracle["pass_hat_k_cluster_bootstrap_ci95"].items():
        values = [_defined(pass_hat(sum(case), len(case), int(k))) for case in matrix]
        found, _ = bootstrap_values(values, resamples=20_000)
        yield from _interval(f"pass_hat_k {k} bootstrap", found, interval, INTERVAL)


def _errors(matrix: list[list[int]], oracle: dict[str, Any]) -> Iterator[Check]:
    ours, se = clustered(matrix), oracle["se"]
    yield Check("se iid", ours.se_iid, se["iid"], EXACT)
    yield Check("se clustered, Miller", ours.se_uncorrected, se["clustered_miller"], EXACT)
    yield Check("se clustered, C/(C-1)", ours.se, se["clustered_with_C/(C-1)"], EXACT)
    yield Check("se clustered, statsmodels", ours.se, se["statsmodels_cluster"], EXACT)
    yield Check("icc", ours.icc, se["icc"], EXACT)
    yield Check("design effect", ours.design_effect, se["design_effect"], EXACT)
    yield Check("effective n", ours.effective_n, se["effective_n"], EXACT)
    successes = sum(map(sum, matrix))
    for name in ("wilson_iid_200", "wilson_scipy"):
        yield from _interval(name, wilson(successes, ours.trials), oracle["ci95"][name], EXACT)
    yield from _interval("wilson effective n", ours.wilson(), oracle["ci95"]["wilson_effective_n"], EXACT)
    yield from _interval("t clustered", ours.interval(), oracle["ci95"]["t_clustered"], EXACT)
    found, error = bootstrap(matrix, resamples=20_000)
    expected = se["cluster_bootstrap_20000"]
    yield Check("se cluster bootstrap", error, expected, RELATIVE * expected)
    yield from _interval("cluster bootstrap", found, oracle["ci95"]["cluster_bootstrap_percentile"], INTERVAL)


def _tests(matrix: list[list[int]], oracle: dict[str, Any]) -> Iterator[Check]:
    for expected in oracle["A/A_mcnemar_50_tasks"]:
        first, second = expected["trials"]
        ours = mcnemar([bool(case[first]) for case in matrix], [bool(case[second]) for case in matrix])
        name = f"McNemar, trial {first} against {second}"
        (_, lost), (gained, _) = expected["table"]
        yield Check(f"{name}: lost", ours.lost, lost, 0)
        yield Check(f"{name}: gained", ours.gained, gained, 0)
        yield Check(f"{name}: p", ours.p, expected["mcnemar_exact_p"], EXACT)


def _power(matrix: list[list[int]], oracle: dict[str, Any]) -> Iterator[Check]:
    expected = oracle["min_detectable_difference_80%"]
    variance = _defined(within_variance(matrix))
    errors = {
        "paired, 50 tasks x 4": planned_se(variance, 50, 4),
        "paired, 50 x 1": planned_se(variance, 50, 1),
        "paired, 50 x 8": planned_se(variance, 50, 8),
        "unpaired clustered, 50 x 4": clustered(matrix).se * 2**0.5,
    }
    plan = Plan()
    for name, error in errors.items():
        rounded = detectable(error, plan) / plan.reach * ROUNDED_REACH
        yield Check(f"detectable at 2.802 standard errors, {name}", rounded, expected[name], EXACT)
        yield Check(f"detectable, {name}", detectable(error, plan), expected[name], 2e-4 * expected[name])


def _interval(
    name: str, ours: tuple[float, float], oracle: Sequence[float], tolerance: float
) -> Iterator[Check]:
    for end, found, expected in zip(("low", "high"), ours, oracle, strict=True):
        yield Check(f"{name}: {end}", found, expected, tolerance)


def _defined(value: float | None) -> float:
    if value is None:
        raise ValueError("undefined")
    return value


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", dest="as_json")
    args = parser.parse_args()
    found = list(checks(json.loads(args.file.read_text(encoding="utf-8"))))
    if args.as_json:
        values = [{**each._asdict(), "difference": each.difference, "agrees": each.agrees} for each in found]
        exact = [each for each in found if each.tolerance <= EXACT]
        summary = {
            "values": len(found),
            "agree": sum(each.agrees for each in found),
            "exact": len(exact),
            "exact_agree": sum(each.agrees for each in exact),
            "largest_exact_difference": max(each.difference for each in exact),
        }
        sys.stdout.write(json.dumps({**summary, "checks": values}, indent=2) + "\n")
    else:
        for each in found:
            mark = "  " if each.agrees else "!!"
            line = f"{each.ours:20.15f} {each.oracle:20.15f} {each.difference:9.1e} of {each.tolerance:7.1e}"
            sys.stdout.write(f"{mark} {each.name:52} {line}\n")
    return 0 if all(each.agrees for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
