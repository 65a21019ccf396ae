"""How often the gate raises a false alarm, and how often it finds a true drop, in simulated comparisons.

    python -m benchmarks.simulations [--simulations N] [--json]

Each case has its own rate of success, drawn from a beta distribution; (0.62, 0.85) has the mean 0.42 and
the intraclass correlation 0.40 of 50 recorded tasks of τ-bench airline. Both versions play the same cases.
The gate is `evals.statistics.gate.decide` on the one-sided sign-flip test; beside it stand other tests at the
same alpha.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import stats

from evals.statistics.gate import Decision, Drop, decide
from evals.statistics.intervals import Interval
from evals.statistics.paired import differences, sign_flip, standard_error, t_interval
from evals.statistics.power import Plan, detectable

Outcomes: TypeAlias = list[list[float]]
ALPHA = 0.05
MAX_DROP = 0.1


@dataclass(frozen=True)
class Setting:
    """What is compared."""

    name: str
    cases: int = 50
    trials: tuple[int, int] = (4, 4)
    """Of the base and of the new version."""
    rates: tuple[float, float] = (0.62, 0.85)
    """Of the beta distribution."""
    drop: float = 0.0
    """By how much the mean rate falls; each case's in proportion."""
    redrawn: float = 0.0
    """Share of cases whose rate is drawn anew, so that as many get better as worse."""
    lost: float = 0.0
    """Share of trials lost to the infrastructure."""


SAME = (
    Setting("50 cases x 4"),
    Setting("50 cases x 1", trials=(1, 1)),
    Setting("20 cases x 4", cases=20),
    Setting("20 cases x 1", cases=20, trials=(1, 1)),
    Setting("10 cases x 1", cases=10, trials=(1, 1)),
    Setting("10 cases x 4", cases=10),
    Setting("50 cases x 4, mostly passing", rates=(9, 1)),
    Setting("20 cases x 4, mostly passing", cases=20, rates=(9, 1)),
    Setting("50 cases x 4, mostly failing", rates=(1, 9)),
    Setting("50 cases, 4 trials against 1, mostly passing", trials=(4, 1), rates=(9, 1)),
    Setting("50 cases, 1 trial against 4, mostly passing", trials=(1, 4), rates=(9, 1)),
    Setting("20 cases, 1 trial against 8, mostly passing", cases=20, trials=(1, 8), rates=(9, 1)),
    Setting("50 cases, 8 trials against 2", trials=(8, 2)),
    Setting("50 cases x 4, a tenth of the trials lost", lost=0.1),
    Setting("50 cases x 4, a fifth of the cases better or worse", redrawn=0.2),
)
DROPS = tuple(Setting("50 cases x 4", drop=drop) for drop in (0.0, 0.05, 0.10, 0.15))


def played(setting: Setting, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """Both versions on the same cases."""
    before = rng.beta(*setting.rates, setting.cases)
    mean = setting.rates[0] / sum(setting.rates)
    anew = rng.random(setting.cases) < setting.redrawn
    after = np.where(anew, rng.beta(*setting.rates, setting.cases), before) * (1 - setting.drop / mean)
    return (
        [_trials(rate, setting.trials[0], setting.lost, rng) for rate in before],
        [_trials(rate, setting.trials[1], setting.lost, rng) for rate in after],
    )


def _trials(rate: float, trials: int, lost: float, rng: np.random.Generator) -> list[float]:
    kept = max(1, trials - int(rng.binomial(trials, lost)))
    return [float(passed) for passed in rng.random(kept) < rate]


def gate(base: Outcomes, new: Outcomes, max_drop: float | None = None) -> Decision:
    """The decision of `warrant eval compare`."""
    found = differences(base, new)
    low, high = t_interval(found, 1 - 2 * ALPHA)
    drop = Drop(
        size=-float(found.mean()),
        # A one-sided p is at least 0.5 where nothing dropped; that saves half of the time.
        p=sign_flip(found) if found.mean() < 0 else 1.0,
        interval=Interval(-high, -low),
        detectable=detectable(standard_error(found), Plan(alpha=ALPHA, sides=1)),
        cases=len(found),
        changed=int((found != 0).sum()),
    )
    return decide(drop, alpha=ALPHA, max_drop=max_drop).decision


def paired_t(base: Outcomes, new: Outcomes) -> bool:
    """One-sided paired t test on the differences by case."""
    found = differences(base, new)
    se = standard_error(found)
    return bool(se and stats.t.cdf(found.mean() / se, len(found) - 1) <= ALPHA)


def unpaired_z(base: Outcomes, new: Outcomes) -> bool:
    """One-sided z test of two proportions, every trial a case of its own and no pairs."""
    before, after = np.concatenate(base), np.concatenate(new)
    pooled = np.concatenate([before, after]).mean()
    se = np.sqrt(pooled * (1 - pooled) * (1 / len(before) + 1 / len(after)))
    return bool(se and stats.norm.cdf((after.mean() - before.mean()) / se) <= ALPHA)


def unpaired_clustered(base: Outcomes, new: Outcomes) -> bool:
    """One-sided z test with clustered standard errors and no pairs."""
    means = [np.array([np.mean(case) for case in version]) for version in (base, new)]
    se = np.sqrt(sum(version.var(ddof=1) / len(version) for version in means))
    return bool(se and stats.norm.cdf((means[1].mean() - means[0].mean()) / se) <= ALPHA)


OTHERS: dict[str, Callable[[Outcomes, Outcomes], bool]] = {
    "paired_t": paired_t,
    "unpaired_z": unpaired_z,
    "unpaired_clustered": unpaired_clustered,
}


def measure(setting: Setting, simulations: int) -> dict[str, Any]:
    """Shares of the comparisons in which each test says regression."""
    rng = np.random.default_rng(0)
    found: Counter[str] = Counter()
    for _ in range(simulations):
        base, new = played(setting, rng)
        found["gate"] += gate(base, new) is Decision.REGRESSION
        found.update({name: int(test(base, new)) for name, test in OTHERS.items()})
    return {**asdict(setting), **{name: found[name] / simulations for name in ("gate", *OTHERS)}}


def decisions(setting: Setting, simulations: int) -> dict[str, Any]:
    """Shares of the gate's three decisions where a drop of up to `MAX_DROP` is allowed."""
    rng = np.random.default_rng(0)
    found = Counter(gate(*played(setting, rng), MAX_DROP) for _ in range(simulations))
    shares = {str(each): found[each] / simulations for each in Decision}
    return {"name": setting.name, "drop": setting.drop, "max_drop": MAX_DROP, **shares}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=1_000, help="comparisons of each setting")
    parser.add_argument("--json", action="store_true", dest="as_json")
    args = parser.parse_args()
    report = {
        "simulations": args.simulations,
        "alpha": ALPHA,
        "false_alarms": [measure(setting, args.simulations) for setting in SAME],
        "power": [measure(setting, args.simulations) for setting in DROPS],
        "decisions": [decisions(setting, args.simulations) for setting in DROPS],
    }
    report["worst_false_alarm"] = max(each["gate"] for each in report["false_alarms"])
    if args.as_json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    for title, columns in (
        ("false_alarms", ("gate", *OTHERS)),
        ("power", ("gate", *OTHERS)),
        ("decisions", tuple(map(str, Decision))),
    ):
        sys.stdout.write(f"{title:58}{''.join(f'{column:>20}' for column in columns)}\n")
        for each in report[title]:
            shares = "".join(f"{each[column]:20.3f}" for column in columns)
            sys.stdout.write(f"  {each['name']:48} {each['drop']:.2f}  {shares}\n")


if __name__ == "__main__":
    main()
